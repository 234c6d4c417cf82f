"""What in files that are about to go out tells who a patient is.

A look at names and first bytes says whether there are images at all; only then are the files opened, in a sandbox.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from skrt_hub.context import Context
from skrt_hub.inspection.program import survey_several
from skrt_hub.policy import patient_data
from skrt_workspace.home.by_path import below

_IMAGES = (".dcm", ".nii", ".nii.gz")
_MARK = slice(128, 132)


def refuse_patients(context: Context, what: str, files: Sequence[Path]) -> None:
    """Raises PatientDataError where files tell who a patient is, unless hub.yaml allows that."""
    if patient_data.looks(context.settings) and any(_is_image(file) for file in _below(files)):
        patient_data.refuse(what, survey_several(context, files))


def _below(files: Iterable[Path]) -> Iterator[Path]:
    for path in files:
        if not path.is_dir():
            yield path
            continue
        for folder, _, names in below(path):
            yield from (Path(folder, name) for name in names)


def _is_image(file: Path) -> bool:
    """Whether a file calls itself DICOM or NIfTI; nothing of it is parsed."""
    if file.is_symlink() or not file.is_file():
        return False
    if file.name.lower().endswith(_IMAGES):
        return True
    try:
        with file.open("rb") as stream:
            return stream.read(_MARK.stop)[_MARK] == b"DICM"
    except OSError:
        return False  # whoever copies it says why it cannot be read
