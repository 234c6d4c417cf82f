"""Look through a folder for what tells who somebody is: headers, names of files, NIfTI, side files, notebooks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from os import PathLike
from pathlib import Path
from typing import Any

from skrt_workspace.data.findings import UnusableDataError
from skrt_workspace.data.headers import Contents, read
from skrt_workspace.data.privacy import side_files
from skrt_workspace.data.privacy.cleaning import NOT_SAFE
from skrt_workspace.data.privacy.profile import identifies

_WHO = ("PatientName", "PatientID", "PatientBirthDate", "OtherPatientIDs", "PatientBirthName")
_LEAST = 4  # shorter values, such as "A", would be found everywhere
_OURS = ("P", "anon", "phantom")


@dataclass(frozen=True)
class Named:
    """A kind of thing that tells who somebody is: where, and how often. Its value is never shown."""

    what: str
    where: str
    number: int
    certain: bool

    def __str__(self) -> str:
        times = f" ({self.number} files)" if self.number > 1 else ""
        return f"{self.what}, in {self.where}{times}"


@dataclass(frozen=True)
class Survey:
    """What a folder tells of its patients."""

    folder: str
    files: int
    declared_clean: int
    named: tuple[Named, ...]

    @property
    def is_clean(self) -> bool:
        """Whether nothing certain was found."""
        return not any(one.certain for one in self.named)

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        return {**asdict(self), "is_clean": self.is_clean}

    def __str__(self) -> str:
        lines = [
            f"{self.folder}: {self.files} DICOM files, {self.declared_clean} of them say that they are de-identified."
        ]
        certain = [one for one in self.named if one.certain]
        if certain:
            lines += ["It tells who the patients are:", *(f"  {one}" for one in certain)]
        if doubtful := [one for one in self.named if not one.certain]:
            lines += ["Look at these yourself:", *(f"  {one}" for one in doubtful)]
        if not self.named:
            lines.append("Nothing in it tells who the patients are.")
        return "\n".join(lines)

    __repr__ = __str__


def survey_folder(folder: str | PathLike[str]) -> Survey:
    """Look through all files. Raises UnusableDataError where there are none."""
    root = Path(folder)
    if not root.exists():
        raise UnusableDataError(f"There is no {root}.")
    contents = read(root)
    found: dict[tuple[str, bool], list[str]] = {}
    values: set[str] = set()
    files = [*(file for series in contents.series for file in series.files), *contents.nameless, *contents.tables]
    declared = 0
    for file in files:
        removed = str(file.header.get("PatientIdentityRemoved", "")).upper() == "YES"
        declared += removed
        for what in _in_header(file.header):
            found.setdefault((what, not removed), []).append(file.name)
        if not removed:
            values.update(_values(file.header))
    for what, certain, name in (*_in_names(contents, values), *_in_others(contents, values)):
        found.setdefault((what, certain), []).append(name)
    named = tuple(Named(what, names[0], len(names), certain) for (what, certain), names in found.items())
    return Survey(str(root), len(files), declared, tuple(sorted(named, key=lambda one: (not one.certain, one.what))))


def _in_header(header: Any) -> Iterator[str]:
    """The attributes of one file that identify, nested and private ones too, each once."""
    seen: set[str] = set()
    waiting = [header]
    while waiting:
        for element in waiting.pop():
            if element.VR == "SQ":
                waiting.extend(element.value)
            elif identifies(element):
                seen.add("private attributes with text" if element.tag.is_private else element.name)
    if str(header.get("BurnedInAnnotation", "")).upper() == "YES":
        seen.add("names burned into the picture")
    kind = str(header.get("SOPClassUID", ""))
    seen.update(why for beginning, why in NOT_SAFE.items() if kind == beginning or kind.startswith(f"{beginning}."))
    yield from sorted(seen)


def _values(header: Any) -> Iterator[str]:
    """The values by which a person can be known, as they may stand in names of files."""
    for name in _WHO:
        for part in str(header.get(name) or "").replace("^", " ").split():
            if len(part) >= _LEAST and not part.lower().startswith(_OURS[1:]):
                yield part.lower()


def _in_names(contents: Contents, values: set[str]) -> Iterator[tuple[str, bool, str]]:
    files = [*(file for series in contents.series for file in series.files), *contents.nameless, *contents.tables]
    paths = [*contents.others, *contents.nifti, *(file.path for file in files)]
    for path in paths:
        if any(value in str(path.relative_to(contents.root)).lower() for value in values):
            yield "a patient's name or number in the name of a file or folder", True, path.name


def _in_others(contents: Contents, values: set[str]) -> Iterator[tuple[str, bool, str]]:
    """NIfTI headers, JSON files beside them, and what notebooks show."""
    for path in contents.nifti:
        yield from ((what, certain, path.name) for what, certain in side_files.in_nifti(path))
    for path in contents.others:
        if path.suffix == ".json":
            yield from ((what, True, path.name) for what in side_files.in_json(path))
        elif path.suffix == ".ipynb" and values and side_files.holds(path, values):
            yield "a patient's name or number in a notebook", True, path.name
        elif path.suffix.lower() in side_files.DOCUMENTS and side_files.holds(path, values):
            yield "a patient's name or number in a document", True, path.name
