"""The files of a folder, read without their pixels and grouped into series.

Links are not followed, and a folder's depth does not matter: what somebody sent may hold anything."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from skrt_workspace.home.by_path import below

NIFTI_ENDINGS = (".nii", ".nii.gz")
_PREAMBLE = 132
_COPIES = ".ipynb_checkpoints"  # where Jupyter keeps a second copy of what was open


@dataclass(frozen=True)
class File:
    """One DICOM file: its path, its data set without pixels, and at which byte that ends."""

    path: Path
    header: Any
    end: int = 0

    @property
    def name(self) -> str:
        """What a finding calls it."""
        return self.path.name


@dataclass
class Series:
    """The files of one DICOM series."""

    uid: str
    modality: str
    files: list[File] = field(default_factory=list)

    @property
    def first(self) -> Any:
        """The header of its first file."""
        return self.files[0].header

    @property
    def names(self) -> tuple[str, ...]:
        """Its files, as findings name them."""
        return tuple(file.name for file in self.files)


@dataclass
class Contents:
    """What a folder holds."""

    root: Path
    series: list[Series] = field(default_factory=list)
    nifti: list[Path] = field(default_factory=list)
    others: list[Path] = field(default_factory=list)
    broken: list[tuple[Path, str]] = field(default_factory=list)
    nameless: list[File] = field(default_factory=list)
    """Files that do not say what kind they are (no Modality): cut short, or no image at all."""
    tables: list[File] = field(default_factory=list)
    """Tables of contents (DICOMDIR), which name every patient of a disc."""

    def of(self, *modalities: str) -> list[Series]:
        """The series of these modalities."""
        return [one for one in self.series if one.modality in modalities]

    @property
    def unusable(self) -> list[tuple[Path, str]]:
        """Every file that calls itself DICOM and is none, or not whole, with the reason."""
        return [*self.broken, *((file.path, "it has no Modality") for file in self.nameless)]

    def images(self) -> list[Series]:
        """The series that hold pixels of a patient."""
        return [one for one in self.series if one.modality != "RTDOSE" and "Rows" in one.first]


def read(root: Path) -> Contents:
    """Read every header below `root`, or that of the one file it names."""
    contents = Contents(root)
    by_uid: dict[str, Series] = {}
    for path in _files_below(root):
        if path.name.endswith(NIFTI_ENDINGS):
            contents.nifti.append(path)
        elif not _is_dicom(path):
            contents.others.append(path)
        else:
            _add(path, contents, by_uid)
    contents.series = list(by_uid.values())
    return contents


def is_short(file: File) -> bool:
    """Whether a file ends before its pixels do, where these are not compressed: a copy that was broken off."""
    import pydicom  # noqa: PLC0415 - heavy

    header = file.header
    syntax = header.file_meta.get("TransferSyntaxUID", pydicom.uid.ImplicitVRLittleEndian)
    if syntax.is_compressed or syntax.is_deflated or "Rows" not in header:
        return False
    bits = 1
    for name in ("Rows", "Columns", "NumberOfFrames", "SamplesPerPixel", "BitsAllocated"):
        bits *= int(header.get(name) or 1)
    return file.path.stat().st_size < file.end + bits // 8


def _files_below(root: Path) -> Iterator[Path]:
    if root.is_file():
        yield root
        return
    for folder, folders, names in below(root):
        folders[:] = sorted(name for name in folders if name != _COPIES)
        for name in sorted(names):
            path = Path(folder, name)
            if path.is_file() and not path.is_symlink():
                yield path


def _is_dicom(path: Path) -> bool:
    """Whether a file calls itself DICOM; those of before 1993, without the mark, are known by their name."""
    try:
        with path.open("rb") as stream:
            return stream.read(_PREAMBLE)[128:] == b"DICM" or path.suffix.lower() == ".dcm"
    except OSError:
        return False


def _add(path: Path, contents: Contents, by_uid: dict[str, Series]) -> None:
    import pydicom  # noqa: PLC0415 - heavy

    try:
        with path.open("rb") as stream:
            header = pydicom.dcmread(stream, stop_before_pixels=True, force=True)
            end = stream.tell()
        if header.file_meta.get("MediaStorageSOPClassUID") == "1.2.840.10008.1.3.10":
            contents.tables.append(File(path, header, end))
            return
        modality, uid = str(header.get("Modality", "")), str(header.get("SeriesInstanceUID", path))
    except Exception as error:
        contents.broken.append((path, str(error) or type(error).__name__))
        return
    if not modality:
        contents.nameless.append(File(path, header, end))
        return
    by_uid.setdefault(uid, Series(uid, modality)).files.append(File(path, header, end))
