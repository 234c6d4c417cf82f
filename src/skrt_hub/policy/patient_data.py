"""What happens to files that tell who a patient is: they go to people and places only where that was said aloud.

Somebody at the keyboard is asked, and a program is refused. A scheduled save is made all the same, as work must not be
lost, and `status` warns. With `patient_data: allowed` nothing is looked at: a hospital that may is not asked each time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from skrt_hub.errors import RefusedError
from skrt_hub.settings.model import Settings
from skrt_workspace.home.patients import VARIABLE

ALLOW = "Or, where everybody concerned may see such data, write `patient_data: allowed` in hub.yaml."
_NAMED = 5


class PatientDataError(RefusedError):
    """Something would go out that tells who a patient is."""

    @property
    def question(self) -> str:
        """What somebody at the keyboard is asked."""
        return f"{self.what}\n{self.why}\nGo on all the same? Type yes: "


def looks(settings: Settings) -> bool:
    """Whether files are looked through before they go out."""
    return settings.patient_data != "allowed"


def is_outside(place: str) -> bool:
    """Whether a place for saved copies is not of this machine."""
    return "://" in place


def refuse(what: str, found: Sequence[str]) -> None:
    """Raises PatientDataError where anything was found; `found` says what and where, never a value."""
    if found:
        raise PatientDataError(
            f"{what} would tell who patients are.",
            why=_some(found),
            remedy=f"See all of it: skrt-hub data privacy. Make a copy without: skrt-hub data clean. {ALLOW}",
        )


def refuse_save(place: str, homes: Mapping[str, Sequence[str]]) -> None:
    """The same for homes that would be saved to `place`: the files found, by participant."""
    told = [f"{name}: {len(files)} files, such as {files[0]}" for name, files in homes.items() if files]
    if told:
        raise PatientDataError(
            f"A copy in {place} would tell who patients are, to all who can read there.",
            why=_some(told),
            remedy=f"Ask these people to take the files out, or save to a folder of this machine. {ALLOW}",
        )


def warning(place: str, files: int, people: int) -> str:
    """What `status` says after a scheduled save, or nothing."""
    if not files:
        return ""
    whose = "one home" if people == 1 else f"{people} homes"
    return (
        f"The saved copies in {place} tell who patients are: {files} files of {whose}. "
        "See which with: skrt-hub save   (it asks before it goes on)"
    )


def variables(settings: Settings) -> dict[str, str]:
    """What participants' servers are told."""
    return {VARIABLE: settings.patient_data}


def _some(found: Sequence[str]) -> str:
    more = [f"and {len(found) - _NAMED} more"] if len(found) > _NAMED else []
    return "\n".join((*found[:_NAMED], *more))
