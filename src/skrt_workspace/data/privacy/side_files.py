"""What files beside DICOM ones tell of a patient: JSON, NIfTI headers and what was put after them, documents."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

DOCUMENTS = (".pdf", ".doc", ".docx", ".xls", ".xlsx", ".csv", ".txt", ".xml", ".nrrd", ".nhdr", ".mhd", ".mha")
_LARGEST = 50_000_000
_LEAST = 4
_KEYS = {
    "PatientName": "00100010",
    "PatientID": "00100020",
    "PatientBirthDate": "00100030",
    "InstitutionName": "00080080",
    "InstitutionAddress": "00080081",
    "ReferringPhysicianName": "00080090",
}
"""As programs write them beside images, and as DICOM's own JSON has them (PS3.18 annex F)."""
_NAMES = {name: name for name in _KEYS} | {tag: name for name, tag in _KEYS.items()}
_OF_DICOM = 2  # the code of a NIfTI header's extension that holds a DICOM header


def in_json(path: Path) -> list[str]:
    """The attributes in a JSON file, however deep, that have a value."""
    try:
        content = json.loads(path.read_text(encoding="utf-8")) if path.stat().st_size < _LARGEST else {}
    except (OSError, ValueError, RecursionError):
        return []
    found: set[str] = set()
    waiting: list[Any] = [content]
    while waiting:
        one = waiting.pop()
        if isinstance(one, list):
            waiting += one
        elif isinstance(one, dict):
            found.update(_NAMES[key] for key, value in one.items() if key in _NAMES and _says(value))
            waiting += one.values()
    return [f"{name} in a side file" for name in sorted(found)]


def _says(value: Any) -> bool:
    """Whether there is a value; DICOM's JSON has it in a list beside its kind."""
    return bool(value.get("Value") if isinstance(value, dict) and "vr" in value else value)


def in_nifti(path: Path) -> Iterator[tuple[str, bool]]:
    """What a NIfTI header tells, and whether for certain."""
    import nibabel  # noqa: PLC0415 - heavy

    try:
        header = nibabel.load(path).header
        extensions = [*getattr(header, "extensions", ())]
    except Exception:
        return
    for name in ("descrip", "aux_file", "db_name"):
        text = bytes(header[name]).rstrip(b"\0 ") if name in header else b""
        if len(text) > _LEAST:
            yield f"free text in NIfTI headers ({name})", False
    for extension in extensions:
        if extension.get_code() == _OF_DICOM and _names_somebody(extension):
            yield "a DICOM header with a patient's name or number in a NIfTI file", True
        else:
            yield "an extension of a NIfTI header, which may hold any text", False


def _names_somebody(extension: Any) -> bool:
    try:
        header = extension.get_content()
        removed = str(header.get("PatientIdentityRemoved", "")).upper() == "YES"
        return not removed and any(str(header.get(name) or "").strip() for name in ("PatientName", "PatientID"))
    except Exception:
        return True  # what cannot be read may say anything


def holds(path: Path, values: set[str]) -> bool:
    """Whether a file has one of these values in its bytes; a large one is not looked at."""
    try:
        if path.stat().st_size > _LARGEST:
            return False
        text = path.read_bytes().lower()
    except OSError:
        return False
    return any(value.encode() in text for value in values)
