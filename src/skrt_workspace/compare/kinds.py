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
from skrt_workspace.data.transforms import FIELD_ENDINGS, PARAMETER_ENDING

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
    if structures or dose:
        return compare_people if structures else compare_doses
    files = [path.name.lower() for path in (*contents.nifti, *contents.others)]
    if contents.of("REG") or any(name.endswith((*FIELD_ENDINGS, PARAMETER_ENDING)) for name in files):
        return compare_transforms
    raise UnusableDataError(
        f"There is nothing to compare with in {root}: a structure set (RTSTRUCT), a dose (RTDOSE), a transform (REG, a "
        "field of displacements, or elastix's TransformParameters), or a file of landmarks (.json, .csv) is wanted."
    )
