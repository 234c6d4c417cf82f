"""Patient data: what in a folder tells who somebody is, and a copy without it.

survey() looks and tells, clean() writes a de-identified copy in which every reference still resolves. Both follow the
Basic Application Level Confidentiality Profile of DICOM PS3.15 (annex E)."""

from __future__ import annotations

from os import PathLike
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from skrt_workspace.data.privacy.cleaning import Cleaned
    from skrt_workspace.data.privacy.surveying import Survey

__all__ = ["clean", "survey"]


def survey(folder: str | PathLike[str]) -> Survey:
    """What in a folder (or one file) tells who the patients are. Nothing is changed."""
    from skrt_workspace.data.privacy.surveying import survey_folder  # noqa: PLC0415 - keeps a kernel's start light

    return survey_folder(folder)


def clean(folder: str | PathLike[str], to: str | PathLike[str], key: bytes) -> Cleaned:
    """A de-identified copy of a folder's DICOM files, in a new folder.

    :param key: secret bytes. The same key gives the same new identifiers, so that later files of a patient fit to
        earlier ones. Whoever has it can tell which patient is which: keep it away from the data, or delete it.
    """
    from skrt_workspace.data.privacy.cleaning import clean_folder  # noqa: PLC0415 - as above

    return clean_folder(folder, to, key)
