"""Checked data: what is in a folder of DICOM or NIfTI files, what scikit-rt gets wrong there, and the right objects.

check() looks and tells, load() gives scikit-rt's objects with the right geometry and values, or refuses in words.
Nothing heavy is imported before one of them is called."""

from __future__ import annotations

from os import PathLike
from typing import TYPE_CHECKING

from skrt_workspace.data.findings import CheckReport, Finding, UnusableDataError

if TYPE_CHECKING:
    from skrt_workspace.data.loading import Loaded

__all__ = ["CheckReport", "Finding", "UnusableDataError", "check", "load"]


def check(folder: str | PathLike[str]) -> CheckReport:
    """What is in a folder (or one file), and what scikit-rt would get wrong there without a word.

    :raises UnusableDataError: where there is no such folder.
    """
    from skrt_workspace.data.checking import check_folder  # noqa: PLC0415 - keeps a kernel's start light

    return check_folder(folder)


def load(folder: str | PathLike[str]) -> Loaded:
    """The images, structure sets and doses of a folder (or one file) as scikit-rt's objects, in DICOM's directions.

    :raises UnusableDataError: where there is nothing to load, or something that cannot be loaded rightly.
    """
    from skrt_workspace.data.loading import load_folder  # noqa: PLC0415 - as above

    return load_folder(folder)
