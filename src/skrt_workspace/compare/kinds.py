"""Which comparison a reference asks for: of structures, doses or transforms."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from os import PathLike
from pathlib import Path

from skrt_workspace.compare.dose_people import compare_doses
from skrt_workspace.compare.pages import Written
from skrt_workspace.compare.people import ClassComparison, compare_people
from skrt_workspace.compare.transform_people import compare_transforms
from skrt_workspace.compare.transforms import is_landmarks
from skrt_workspace.data.findings import UnusableDataError
from skrt_workspace.data.headers import read

Place = str | PathLike[str]
Comparison = Callable[[Place, Mapping[str, Place], Place], "Written | ClassComparison"]


def comparison_for(reference: Place, people: Mapping[str, Place]) -> Comparison:
    """The comparison. Where a reference has structures and a dose, structures are compared if anybody handed some in.

    :raises UnusableDataError: where there is no reference.
    """
    root = Path(reference)
    if not root.exists():
        raise UnusableDataError(f"There is no {root}.")
    if root.is_file() and is_landmarks(root):
        return compare_transforms
    contents = read(root)
    structures, dose = bool(contents.of("RTSTRUCT")), bool(contents.of("RTDOSE"))
    if structures and dose:
        drawn = any(read(Path(place)).of("RTSTRUCT") for place in people.values() if Path(place).exists())
        return compare_people if drawn or not people else compare_doses
    if dose:
        return compare_doses
    if contents.of("REG") or contents.nifti or contents.others:
        return compare_people if structures else compare_transforms
    return compare_people
