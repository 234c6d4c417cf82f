"""Sizes and times as people write them in hub.yaml: `2 GB`, `90 min`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, PlainSerializer, ValidationInfo, WithJsonSchema

_SIZE_UNITS = {"": 1, "B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}
_SIZE_UNITS |= {"KIB": 2**10, "MIB": 2**20, "GIB": 2**30, "TIB": 2**40}
_SURELY_BYTES = 10**6
_TIME_UNITS = {"s": 1, "min": 60, "h": 3600, "d": 86400}


def parse_size(value: Any) -> Any:
    """Bytes from a number or a text such as `2 GB` or `512 MiB`. Raises ValueError."""
    if not isinstance(value, str):
        return value
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([A-Za-z]*)\s*", value)
    if match is None or match[2].upper() not in _SIZE_UNITS:
        raise ValueError("write a size as a number and a unit, such as 2 GB or 512 MB")
    return int(float(match[1]) * _SIZE_UNITS[match[2].upper()])


def read_size(value: Any, info: ValidationInfo) -> Any:
    """In hub.yaml a small bare number would be bytes to us, and GB or MB to whoever wrote it."""
    bare = str(value).strip() if isinstance(value, int | float | str) and not isinstance(value, bool) else ""
    if info.context == WRITTEN and re.fullmatch(r"\d+(\.\d+)?", bare) and 0 < float(bare) < _SURELY_BYTES:
        raise ValueError(f"write the unit, too: {bare} GB or {bare} MB")
    return parse_size(value)


def parse_duration(value: Any) -> Any:
    """Seconds from a number or a text such as `90 min` or `2 h`. Raises ValueError."""
    if not isinstance(value, str):
        return value
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*(s|min|h|d)\s*", value)
    if match is None:
        raise ValueError("write a time as a number and a unit: 45 s, 90 min, 2 h or 7 d")
    return int(float(match[1]) * _TIME_UNITS[match[2]])


def read_duration(value: Any, info: ValidationInfo) -> Any:
    """In hub.yaml a bare number would be seconds to us, and minutes to whoever wrote it."""
    if info.context == WRITTEN and isinstance(value, int | float) and not isinstance(value, bool) and value != 0:
        raise ValueError(f"write the unit, too: {value} s, {value} min or {value} h")
    return parse_duration(value)


def write_duration(seconds: int) -> str:
    """Seconds with their unit, so that settings written down by us can be read as hub.yaml, too."""
    return f"{seconds} s"


def in_words(value: int, validators: Sequence[Any]) -> str:
    """A size or a time as a person writes it; nothing where the field's validators say that it is neither."""
    reads = {getattr(validator, "func", None) for validator in validators}
    if read_duration in reads:
        return write_duration(value)
    if read_size not in reads:
        return ""
    return f"{value / 10**9:g} GB" if value >= 10**9 else f"{value / 10**6:g} MB"


WRITTEN = "written by a person"
"""The context in which hub.yaml is validated; settings that older versions wrote down have bare seconds."""
_SIZE_FOR_EDITORS = {
    "anyOf": [
        {"const": 0},
        {"type": "integer", "minimum": _SURELY_BYTES},
        {"type": "string", "pattern": r"^\s*\d+(\.\d+)?\s*([KMGTkmgt]([Ii])?)?[Bb]\s*$"},
    ],
    "examples": ["512 MB", "2 GB", "1.5 GiB"],
}
_DURATION_FOR_EDITORS = {
    "anyOf": [{"const": 0}, {"type": "string", "pattern": r"^\s*\d+(\.\d+)?\s*(s|min|h|d)\s*$"}],
    "examples": ["45 s", "90 min", "2 h", "7 d"],
}
Size = Annotated[int, BeforeValidator(read_size), Field(ge=0), WithJsonSchema(_SIZE_FOR_EDITORS, mode="validation")]
Duration = Annotated[
    int,
    BeforeValidator(read_duration),
    PlainSerializer(write_duration, when_used="json"),
    Field(ge=0),
    WithJsonSchema(_DURATION_FOR_EDITORS, mode="validation"),
]
