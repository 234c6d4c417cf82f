"""What people hand in compared with a reference: structures, doses, and transforms.

compare_structures() compares two structure sets; compare_class() everybody's with one reference, as table and page.
"""

from __future__ import annotations

from os import PathLike
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from skrt_workspace.compare.pages import Written
    from skrt_workspace.compare.people import ClassComparison
    from skrt_workspace.compare.structures import Compared

__all__ = ["compare_class", "compare_structures"]


def compare_structures(reference: str | PathLike[str], other: str | PathLike[str]) -> list[Compared]:
    """Each structure of one RTSTRUCT file, or of the one in a folder, with that of another.

    :raises UnusableDataError: where there is no structure set, or more than one.
    """
    from skrt_workspace.compare.structures import compare_files  # noqa: PLC0415 - keeps a kernel's start light

    return compare_files(reference, other)


def compare_class(
    reference: str | PathLike[str], people: Mapping[str, str | PathLike[str]], to: str | PathLike[str]
) -> ClassComparison | Written:
    """What everybody handed in with one reference; a table and a page are written to the folder `to`.

    :param reference: a structure set, a dose, a transform (DICOM REG, field of displacements, elastix's parameters) or
        landmarks (.json, .csv). A folder with structures and their dose tells what each structure gets, too.
    :raises UnusableDataError: where there is no such thing, or more than one.
    """
    from skrt_workspace.compare.kinds import comparison_for  # noqa: PLC0415 - as above

    return comparison_for(reference, people)(reference, people, to)
