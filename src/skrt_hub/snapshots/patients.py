"""Homes with files that tell who a patient is, and saved copies of them elsewhere."""

from __future__ import annotations

from collections.abc import Sequence

from skrt_hub.homes.selection import chosen
from skrt_hub.policy import patient_data
from skrt_hub.policy.log_in import listed
from skrt_hub.snapshots.copies import Copies


def refuse_patients(copies: Copies, names: Sequence[str], to: str | None) -> None:
    """Raises PatientDataError where a save of these homes, or of all, would bring such files to a place elsewhere."""
    place = copies.place(to)
    if is_asked(copies, place):
        patient_data.refuse_save(place, naming_patients(copies, names))


def is_asked(copies: Copies, place: str) -> bool:
    """Whether it matters what the homes hold."""
    return patient_data.is_outside(place) and patient_data.looks(copies.settings)


def naming_patients(copies: Copies, names: Sequence[str] = ()) -> dict[str, list[str]]:
    """The files that tell who a patient is, by participant; who has none is left out."""
    found: dict[str, list[str]] = {}
    wanted = chosen(copies.homes.all(), [*names], listed(copies.settings))
    with copies.progress.step("looking for patients' names") as step:
        for number, home in enumerate(wanted, start=1):
            step.update(number, len(wanted), note=home.name)
            if files := copies.homes.naming_patients(home):
                found[home.name] = files
    return found
