"""What `participants remove` means: nobody logs in with the name any more, and the home is kept.

The name stays locked, so that nobody else gets it and with it the home. With `--free` the home is moved aside first,
and then the name is like one that nobody ever had.
"""

from __future__ import annotations

from datetime import datetime

from skrt_hub.policy.log_in import anyone, listed
from skrt_hub.settings.model import Settings


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
