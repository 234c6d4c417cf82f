"""Write a de-identified copy: every data set is walked, nested ones too, and says afterwards what was done to it.

Files that cannot be made safe (pictures of screens, documents, burned-in names) are left out and named."""

from __future__ import annotations

import filecmp
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from os import PathLike
from pathlib import Path
from typing import Any

from skrt_workspace import new_folder
from skrt_workspace.data.findings import UnusableDataError
from skrt_workspace.data.headers import Contents, read
from skrt_workspace.data.privacy.profile import NUMBERED, Action, action
from skrt_workspace.data.privacy.pseudonyms import Pseudonyms, shifted

METHOD = ("Basic Application Level Confidentiality Profile", "PS3.15 2026c", "dates shifted by whole weeks")
"""Several values: each has 64 characters at most."""
CODES = (
    ("113100", "Basic Application Confidentiality Profile"),
    ("113107", "Retain Longitudinal Temporal Information Modified Dates Option"),
)
"""What was done, in the words of PS3.16, context group 7050."""
NOT_SAFE = {
    "1.2.840.10008.5.1.4.1.1.7": "a picture of a screen may show names",
    "1.2.840.10008.5.1.4.1.1.104": "a document holds free text",
    "1.2.840.10008.5.1.4.1.1.88": "a report holds free text",
    "1.2.840.10008.5.1.4.1.1.9": "a waveform or recording is not looked into",
    "1.2.840.10008.5.1.4.1.1.66": "raw data is not looked into",
    "1.2.840.10008.5.1.4.1.1.77": "a photograph or film may show a face or a name",
    "1.2.840.10008.5.1.4.1.1.6": "ultrasound has names burned into its pictures",
    "1.2.840.10008.5.1.4.1.1.3": "ultrasound has names burned into its pictures",
}
"""Kinds of files, by the beginning of their class, that are left out; segmentations and registrations (66.x) stay."""
_PALETTE = "1.2.840.10008.5.1.4.39."
_SAFE = ("1.2.840.10008.5.1.4.1.1.66.",)


@dataclass(frozen=True)
class Cleaned:
    """What was written, and what was left out with the reason."""

    folder: Path
    files: int
    patients: tuple[str, ...]
    left_out: tuple[tuple[str, str], ...]

    def __str__(self) -> str:
        lines = [f"{self.files} files of {len(self.patients)} patients are in {self.folder}."]
        lines += [f"left out: {name}: {why}" for name, why in self.left_out]
        return "\n".join(lines)


def clean_folder(folder: str | PathLike[str], to: str | PathLike[str], key: bytes) -> Cleaned:
    """Clean all DICOM files of `folder` into the new folder `to`; it appears there whole or not at all.

    Raises UnusableDataError where there is nothing to clean, or `to` holds something.
    """
    source, target = Path(folder), Path(to)
    if not source.exists():
        raise UnusableDataError(f"There is no {source}.")
    if why := new_folder.unsuitable(target, source):
        raise UnusableDataError(why)
    contents = read(source)
    if not (contents.series or contents.nameless):
        raise UnusableDataError(f"There is no DICOM file in {source}.")
    with new_folder.appearing(target) as partial:
        return _write(contents, partial, Pseudonyms(key), target)


def _write(contents: Contents, folder: Path, pseudonyms: Pseudonyms, target: Path) -> Cleaned:
    left_out = [(path.name, "neither DICOM nor cleaned") for path in (*contents.others, *contents.nifti)]
    left_out += [(path.name, f"unreadable: {why}") for path, why in contents.broken]
    left_out += [(file.name, "a table of contents names all patients") for file in contents.tables]
    patients: dict[str, None] = {}
    number = 0
    for file in (*(file for series in contents.series for file in series.files), *contents.nameless):
        why = _why_not_safe(file.header)
        if why:
            left_out.append((file.name, why))
            continue
        try:
            data = _cleaned(file.path, pseudonyms)
            if not _save(data, folder):
                left_out.append((file.name, "the same as another file of the folder"))
                continue
        except Exception as error:
            left_out.append((file.name, f"cannot be cleaned: {type(error).__name__}"))
            continue
        patients[str(data.PatientID)] = None
        number += 1
    return Cleaned(target, number, tuple(patients), tuple(left_out))


def _save(data: Any, folder: Path) -> bool:
    """Whether it was written: one that is there already, byte for byte, is not.

    Different files of one identifier, as archives that mend headers leave them, are all kept.
    """
    place = folder.joinpath(*_place(data))
    place.parent.mkdir(parents=True, exist_ok=True)
    partial = place.with_suffix(".part")
    try:
        data.save_as(partial, enforce_file_format=True)
        stem, number = place.stem, 1
        while place.exists():
            if filecmp.cmp(partial, place, shallow=False):
                return False
            number += 1
            place = place.with_stem(f"{stem}-{number}")
        partial.rename(place)
        return True
    finally:
        partial.unlink(missing_ok=True)  # half of a file is none


def _place(data: Any) -> Iterator[str]:
    """Where a file goes: names of files and folders tell as much as their contents, so they are made anew."""
    yield str(data.PatientID)
    yield f"study-{str(data.get('StudyInstanceUID', '0'))[-8:]}"
    yield f"{data.get('Modality', 'OT')}-{str(data.get('SeriesInstanceUID', '0'))[-8:]}"
    yield f"{str(data.SOPInstanceUID)[-16:]}.dcm"


def _why_not_safe(header: Any) -> str:
    kind = str(header.get("SOPClassUID", ""))
    if not kind:
        return "it does not say what it is"
    if str(header.get("BurnedInAnnotation", "")).upper() == "YES":
        return "names are burned into its picture"
    if kind.startswith(_PALETTE):
        return "a palette of colours belongs to no patient"
    if not kind.startswith(_SAFE):
        for beginning, why in NOT_SAFE.items():
            if kind == beginning or kind.startswith(f"{beginning}."):
                return why
    return ""


def _cleaned(path: Path, pseudonyms: Pseudonyms) -> Any:
    import pydicom  # noqa: PLC0415 - heavy

    data = pydicom.dcmread(path, force=True)
    days, patient = pseudonyms.days(data), pseudonyms.patient(data)
    _walk(data, pseudonyms, days)
    data.PatientName = data.PatientID = patient
    data.PatientIdentityRemoved = "YES"
    data.LongitudinalTemporalInformationModified = "MODIFIED"
    data.DeidentificationMethod = list(METHOD)
    data.DeidentificationMethodCodeSequence = [_code(*code) for code in CODES]
    data.file_meta = _new_meta(data)
    data.preamble = b"\0" * 128
    return data


def _code(value: str, meaning: str) -> Any:
    from pydicom.dataset import Dataset  # noqa: PLC0415 - heavy

    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, "DCM", meaning
    return item


def _new_meta(data: Any) -> Any:
    """File meta information of our own: the old one names the program, at times the station, that wrote the file."""
    from pydicom.dataset import FileMetaDataset  # noqa: PLC0415 - heavy
    from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian  # noqa: PLC0415

    is_implicit, is_little = data.original_encoding
    as_read = ImplicitVRLittleEndian if is_implicit else ExplicitVRLittleEndian if is_little else ExplicitVRBigEndian
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = data.SOPClassUID, data.SOPInstanceUID
    meta.TransferSyntaxUID = data.file_meta.get("TransferSyntaxUID", as_read)
    meta.ImplementationClassUID = "2.25.143279411538926353837437462384823216401"
    return meta


def _walk(data: Any, pseudonyms: Pseudonyms, days: timedelta) -> None:
    """Clean a data set and all in it. Items of sequences come in turn; a file's nesting cannot exhaust the stack."""
    waiting = [data]
    while waiting:
        current = waiting.pop()
        for tag in list(current.keys()):
            element = current[tag]
            done = action(element)
            if done is Action.REMOVE:
                del current[tag]
            elif str(element.VR) == "SQ":
                waiting.extend(element.value)
            elif done is not Action.KEEP:
                _change(current, element, done, pseudonyms, days)


def _change(data: Any, element: Any, done: Action, pseudonyms: Pseudonyms, days: timedelta) -> None:
    if done is Action.NEW_UID:
        values = element.value if element.VM > 1 else [element.value]
        new = [pseudonyms.uid(str(value)) if str(value).strip() else "" for value in values]
        element.value = new if len(new) > 1 else new[0]
    elif done is Action.SHIFT:
        values = element.value if element.VM > 1 else [element.value]
        new = [shifted(str(value), days) for value in values if value]
        element.value = new if len(new) > 1 else (new[0] if new else "")
    elif done is Action.REPLACE and not element.is_empty:
        _replace(data, element)
    else:
        element.value = None if str(element.VR) in ("IS", "DS") else ""


def _replace(data: Any, element: Any) -> None:
    """A value that says nothing, where an empty one would make the file invalid."""
    kind = str(element.VR)
    if element.keyword in NUMBERED:
        word, number = NUMBERED[element.keyword]
        element.value = f"{word}_{data.get(number, '')}"
    elif kind in ("OB", "OW", "UN"):
        del data[element.tag]
    elif kind in ("CS", "AS", "IS", "DS", "US", "UL", "FD", "FL", "SS", "SL"):
        element.value = None if kind not in ("CS", "AS") else ""
    else:
        element.value = "REMOVED"


def new_key(file: Path) -> bytes:
    """The key in a file, made where there is none: readable for its owner only."""
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        key = bytes.fromhex(file.read_text(encoding="ascii").strip())
        if len(key) < 32:
            raise UnusableDataError(f"{file} holds no key. Remove it, and a new one is made.") from None
        return key
    key = os.urandom(32)
    with os.fdopen(descriptor, "w") as stream:
        stream.write(key.hex())
    return key
