"""The beginning of DICOM files, as an archive would send them."""

from __future__ import annotations

import struct

_TAGS = {
    "StudyDescription": (0x0008, 0x1030, b"LO"),
    "PatientName": (0x0010, 0x0010, b"PN"),
    "PatientID": (0x0010, 0x0020, b"LO"),
    "PatientIdentityRemoved": (0x0012, 0x0062, b"CS"),
}


def dicom(*, explicit: bool = True, **values: str) -> bytes:
    """Such a file with these values (PS3.5, 7.1): little endian, the kind of each attribute written or not."""
    parts = [bytes(128), b"DICM"]
    for name, (group, number, kind) in _TAGS.items():
        if (text := {"StudyDescription": "a study", **values}.get(name)) is not None:
            value = text.encode() + b" " * (len(text) % 2)
            size = kind + struct.pack("<H", len(value)) if explicit else struct.pack("<I", len(value))
            parts.append(struct.pack("<HH", group, number) + size + value)
    return b"".join(parts)
