"""Which files of a home tell who a patient is, by their first bytes alone.

The attributes are looked for as bytes and never parsed, so that a file that was made to harm its reader finds none.
What this misses (compressed headers, nested attributes, other kinds of files) skrt_workspace.data.privacy finds.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

from skrt_workspace import system
from skrt_workspace.home.scan import FILE, scan
from skrt_workspace.home.transfer import reading

VARIABLE = "SKRT_PATIENT_DATA"
"""`allowed` where all who log in may see such data; the hub sets it."""
HEAD = 64 * 1024
"""Bytes of a file that are looked at; who the patient is stands near the beginning, in order of tags."""
_MARK = b"DICM"
_PREAMBLE = 128
_ATTRIBUTES = {"name": (b"\x10\x00\x10\x00", b"PN"), "number": (b"\x10\x00\x20\x00", b"LO")}
_REMOVED = (b"\x12\x00\x62\x00", b"CS")
_LONGEST = 1024
_NOBODY = frozenset({"anonymous", "anonymized", "anonymised", "anon", "none", "unknown", "patient", "test"})


def names_a_patient(head: bytes) -> bool:
    """Whether a DICOM file's beginning has a patient's name or number, and does not say that these were taken out."""
    if head[_PREAMBLE : _PREAMBLE + 4] != _MARK or _value(head, *_REMOVED).upper() == "YES":
        return False
    values = [_value(head, *attribute) for attribute in _ATTRIBUTES.values()]
    return any(value.replace("^", " ").split()[0].lower() not in _NOBODY for value in values if value.strip("^ "))


def files_naming_patients(root: str) -> Iterator[str]:
    """Paths of such files below `root`; links are not followed, and what cannot be read is passed over."""
    for entry in scan(root):
        if entry.kind == FILE and entry.size > _PREAMBLE + 4:
            try:
                with reading(root, entry.path) as file:
                    head = file.beginning(HEAD)
            except OSError:
                continue
            if names_a_patient(head):
                yield entry.path


def names_a_patient_in(path: str | os.PathLike[str]) -> bool:
    """The same for one file. Raises OSError."""
    handle = os.open(path, os.O_RDONLY | system.O_NOFOLLOW | system.O_NONBLOCK | system.O_CLOEXEC)
    try:
        return names_a_patient(system.read_at(handle, HEAD, 0))
    finally:
        os.close(handle)


def _value(head: bytes, tag: bytes, kind: bytes) -> str:
    """The text of an attribute (little endian, its kind written or not); nothing where it is not there."""
    for start, length_at in ((head.find(tag + kind), 6), (head.find(tag), 4)):
        if start < 0:
            continue
        size = int.from_bytes(head[start + length_at : start + length_at + (2 if length_at == 6 else 4)], "little")
        if size <= _LONGEST:
            value = head[start + 8 : start + 8 + size]
            return value.decode("utf-8", errors="replace").strip("\0 ")
    return ""
