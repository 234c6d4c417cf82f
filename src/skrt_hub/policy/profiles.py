"""Which sizes of servers participants choose from, and what each promises; the same on both targets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from html import escape
from typing import Any

from skrt_hub.login import start_form
from skrt_hub.login.pages import Look, Pages
from skrt_hub.settings.limits import Limits
from skrt_hub.settings.model import Settings
from skrt_hub.settings.profiles import Profile

OPTION = "profile"
"""The name of the choice in JupyterHub's options of a start, and in its form: as KubeSpawner has it."""
NO_SUCH_SIZE = 422
"""The answer to a start with a profile that is not there; it is not tried again, as 400 is while a server starts."""


@dataclass(frozen=True)
class Choice:
    """One size of server with all its limits. Without profiles there is one, which has no name."""

    slug: str
    name: str
    description: str
    limits: Limits
    environment: str = ""

    @property
    def html(self) -> str:
        """What a participant reads of it, as HTML; `start_form.localised` says it in another language."""
        limits = self.limits
        size = start_form.marked(limits.memory / 10**9, limits.cpu, limits.gpu, _english())
        return f"{escape(self.description)} ({size})" if self.description else size


class UnknownProfileError(ValueError):
    """A start asks for a profile that the hub does not have."""


def choices(settings: Settings) -> tuple[Choice, ...]:
    """Every size that there is; the first is that of who does not choose."""
    return tuple(_complete(settings, profile) for profile in settings.profiles) or (
        Choice("", "", "", settings.limits),
    )


def offered(settings: Settings) -> tuple[Choice, ...]:
    """What is chosen from at the start of a server; nothing where there is nothing to choose."""
    return choices(settings) if len(settings.profiles) > 1 else ()


def chosen(settings: Settings, options: Mapping[str, Any]) -> Choice:
    """The size that the options of a start ask for. Raises UnknownProfileError."""
    wanted, there = options.get(OPTION), choices(settings)
    if wanted is None or wanted == "":
        return there[0]
    for choice in there:
        if choice.slug == wanted:
            return choice
    if not settings.profiles:  # remembered from a time when there were some
        return there[0]
    raise UnknownProfileError(f"There is no such size of server. There are: {', '.join(one.name for one in there)}.")


def under(settings: Settings, choice: Choice) -> Settings:
    """The settings of a server with this size."""
    return settings.model_copy(update={"limits": choice.limits})


def usual(settings: Settings) -> Settings:
    """The settings of a server whose participant does not choose."""
    return under(settings, choices(settings)[0])


def greatest(settings: Settings) -> Settings:
    """The settings with the most that a server may use, whichever profile it is: seats are counted by these."""
    there = [choice.limits for choice in choices(settings)]
    most = {name: max(getattr(limits, name) for limits in there) for name in ("cpu", "memory", "processes", "gpu")}
    return settings.model_copy(update={"limits": settings.limits.model_copy(update=most)})


def _complete(settings: Settings, profile: Profile) -> Choice:
    own = profile.limits.model_dump(exclude_none=True)
    limits = settings.limits.model_copy(update=own)
    return Choice(profile.slug, profile.name, profile.description, limits, profile.environment)


@cache
def _english() -> dict[str, str]:
    return Pages(Look()).words("en")
