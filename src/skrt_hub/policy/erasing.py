"""What `participants erase` means: nothing that a hub keeps tells of the person any more, and the name is free.

What the hub cannot reach is named, so that nobody takes it for gone.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote

from skrt_hub.errors import RefusedError
from skrt_hub.settings.model import Settings

ERASED = "(erased)"
_ASIDE = re.compile(r" \(removed [0-9 :-]+\)")
_ASIDE_FOLDER = re.compile(r"-\d{4}-\d{2}-\d{2}-\d{6}")
ELSEWHERE = (
    "Not reached, as it is not the hub's: what was collected into folders of yours (`collect --to`), what the person "
    "put into shared folders or others have copied, backups of this computer, and logs that were sent elsewhere."
)


@dataclass(frozen=True)
class Erased:
    """What was done, for a person; `found`: whether anything of theirs was there."""

    lines: tuple[str, ...]
    found: bool


def is_theirs(name: str, of: str) -> bool:
    """Whether a home of this name is the person's: theirs now, or moved aside (policy/removing.py)."""
    return name == of or (name.startswith(of) and _ASIDE.fullmatch(name[len(of) :]) is not None)


def is_their_folder(folder: str, own: str) -> bool:
    """The same for the names of folders; `own` is the folder of the person's name."""
    begin = f"removed-{own}"
    aside = folder.startswith(begin) and _ASIDE_FOLDER.fullmatch(folder[len(begin) :]) is not None
    return folder == own or aside


def words_of(name: str, folder: str) -> tuple[str, ...]:
    """How a log may write the name."""
    return tuple(dict.fromkeys((name, quote(name, safe=""), quote(name), folder)))


def plan(name: str, places: Sequence[str]) -> tuple[str, ...]:
    """What is shown before the question."""
    copies = ", ".join(places)
    return (
        f"remove  the home of {name}, also where it was moved aside",
        f"remove  account, log-in name, sessions, server and cohorts of {name}; the name can be given again",
        f"remove  {name} from logs, from copies of accounts, and from what the class's page collected last",
        f"remove  {name} from the saved copies in {copies}" if copies else "none    saved copies: no place is known",
        f"keep    {ELSEWHERE[0].lower()}{ELSEWHERE[1:]}",
    )


def still_named(settings: Settings, name: str) -> tuple[str, ...]:
    """What is said of a name that hub.yaml has in other places than the list."""
    keys = [key for key in ("organisers", "helpers") if name in getattr(settings, key)]
    return tuple(
        f"hub.yaml still names {name} under `{key}`: take it out there, then type skrt-hub up." for key in keys
    )


def ensure_confirmed(name: str, typed: str | None) -> None:
    """Raises RefusedError where the name was not typed."""
    if typed != name:
        raise RefusedError(
            "Nothing was erased.",
            why=f"The name typed is not {name!r}." if typed else "The participant's name was not typed.",
            remedy=f"Run it again and type {name}, or use --confirm {name}. Nothing brings an erased home back.",
        )
