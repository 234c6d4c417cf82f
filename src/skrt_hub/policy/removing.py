"""What `participants remove` means: nobody logs in with the name any more, and the home is kept.

The name stays locked, so that nobody else gets it and with it the home. With `--free` the home is moved aside first,
and then the name is like one that nobody ever had. So is a name that was taken off the list before anybody logged in
with it: a wrong list is undone by taking its names off again.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from skrt_hub.policy.log_in import anyone, listed
from skrt_hub.settings.model import Settings

_OF_SOMEBODY = ("password", "institution", "locked", "disabled")
"""What an account tells of where somebody logged in with it, or where an organiser decided something."""


def unused(settings: Settings, accounts: Mapping[str, Mapping[str, Any]]) -> tuple[str, ...]:
    """The names on no list any more with which nobody ever logged in; with a home, one is somebody's all the same."""
    on_list = listed(settings)
    told = accounts.items()
    return tuple(sorted(name for name, account in told if name not in on_list and not _is_somebodys(account)))


def left_nothing(settings: Settings, account: Mapping[str, Any], *, home: bool) -> bool:
    """Whether a name that is removed needs no lock: nothing is there of it, and only a list gives names here."""
    without_list = settings.model_copy(update={"participants": ()})
    return not (home or account.get("role") or _is_somebodys(account) or anyone(without_list))


def off_list(settings: Settings, account: Mapping[str, Any]) -> bool:
    """Whether this name cannot log in because it is on the list no more; who comes by a group is on none."""
    return not (anyone(settings) or account.get("listed") or account.get("institution"))


def _is_somebodys(account: Mapping[str, Any]) -> bool:
    return any(account.get(way) for way in _OF_SOMEBODY)


def unused_in_words(name: str) -> tuple[str, ...]:
    """What is told where nothing was there of a name."""
    return (f"{name} was removed. Nobody had logged in with this name, so nothing is left of it.",)


def aside_name(name: str, when: datetime) -> str:
    """Whose home it is from then on: a name that nobody can log in with, for no name has a bracket."""
    return f"{name} (removed {when:%Y-%m-%d %H:%M:%S})"


def aside_folder(folder: str, when: datetime) -> str:
    """The folder's name from then on; those that belong to a name end in letters and digits, or in 16 of a hash."""
    return f"removed-{folder}-{when:%Y-%m-%d-%H%M%S}"


def in_words(settings: Settings, name: str, kept: str | None, *, freed: bool) -> tuple[str, ...]:
    """What is told. `kept` says where the home is; None: there was none."""
    home = "there was no home." if kept is None else f"the home is kept: {kept}"
    if not freed:
        return (
            f"{name} was removed; {home}",
            "The name is locked, so that nobody else gets it. Let them in again with: "
            f"skrt-hub participants {'reset' if settings.login.kind == 'codes' else 'password'} {name}",
        )
    first = f"{name} was removed; {home}"
    if name in listed(settings):
        return (first, "The name is still in hub.yaml, and can be used again; take it out there and run `skrt-hub up`.")
    if anyone(settings):
        return (first, "Anybody may use the name again, with a new, empty home.")
    return (first,)
