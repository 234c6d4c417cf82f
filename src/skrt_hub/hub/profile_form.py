"""The choice of a size on JupyterHub's page for a start; what it sends is looked at again when the server starts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from html import escape
from typing import Any

from tornado import web  # type: ignore[attr-defined]

from skrt_hub.login import start_form
from skrt_hub.policy import profiles
from skrt_hub.policy.profiles import NO_SUCH_SIZE, OPTION, Choice, UnknownProfileError
from skrt_hub.settings.model import Settings


def form(settings: Settings) -> str:
    """The choices, the first one taken; nothing where there is no choice, and then JupyterHub shows no page."""
    there = profiles.offered(settings)
    return "\n".join(_row(choice, first=choice is there[0]) for choice in there)


def asked(settings: Settings) -> str | Callable[[Any], str]:
    """What JupyterHub is given as the form: nothing where there is no choice, else what makes it for each visitor."""
    made = form(settings)
    return partial(_in_their_language, made) if made else ""


def _in_their_language(made: str, spawner: Any) -> str:
    return start_form.localised(made, getattr(spawner, "handler", None))


def options_from_form(given: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """What the form, or an address with `?opt-profile=`, asks for."""
    wanted = next(iter(given.get(OPTION) or given.get(f"opt-{OPTION}", ())), "")  # JupyterHub 5 leaves `opt-` there
    return {OPTION: wanted} if wanted else {}


def choice_for(settings: Settings, options: Mapping[str, Any] | None) -> Choice:
    """The size to start. Raises HTTPError with words for the person, for one that there is not."""
    try:
        return profiles.chosen(settings, options or {})
    except UnknownProfileError as unknown:
        words = f"{unknown} Choose one when you start your server."
        failure = web.HTTPError(NO_SUCH_SIZE, words)
        failure.jupyterhub_message = words  # the pages show this one, the interface the other
        raise failure from None


def _row(choice: Choice, *, first: bool) -> str:
    checked = " checked" if first else ""
    return (
        f'<label class="form-check d-block mb-3" for="profile-{choice.slug}">'
        f'<input class="form-check-input" type="radio" name="{OPTION}" id="profile-{choice.slug}" '
        f'value="{choice.slug}"{checked}>'
        f'<span class="form-check-label"><strong>{escape(choice.name)}</strong><br>{choice.html}</span>'
        "</label>"
    )
