"""A participant's notebook as an organiser sees it: source, text and pictures. Nothing in it runs.

SECURITY: the file is a participant's. It is read by Python's JSON parser within a bound; of its outputs only plain
text, PNG and JPEG are taken, and all words are escaped by the template. HTML, SVG, widgets and scripts are left out.
Format: nbformat 4 (https://nbformat.readthedocs.io/en/latest/format_description.html).
"""

from __future__ import annotations

import binascii
import json
import re
from base64 import b64decode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from skrt_hub.terminal import printable

_MOST_CELLS = 1000
_MOST_OUTPUTS = 100
_LONGEST = 20_000
_MOST_PARTS = 2_000_000
_MOST_NESTED = 200_000
_LARGEST_PICTURE = 4 * 2**20
_PICTURES = {"image/png": b"\x89PNG\r\n\x1a\n", "image/jpeg": b"\xff\xd8\xff"}
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")


@dataclass(frozen=True)
class Output:
    """Text, or a picture as an address within the page (`data:`). `is_error`: what a failed cell says."""

    text: str = ""
    picture: str = ""
    is_error: bool = False


@dataclass(frozen=True)
class Cell:
    """One cell. `number`: how it was counted when it ran; empty where it did not run, or is text."""

    is_code: bool
    source: str
    number: str = ""
    outputs: tuple[Output, ...] = ()


def cells(data: bytes) -> tuple[Cell, ...]:
    """What is in a notebook's file. Raises ValueError in words."""
    # Each empty list in the file takes thirty times its size in memory, and the page's other visitors wait meanwhile.
    if data.count(b"[") + data.count(b"{") > _MOST_NESTED or data.count(b",") > _MOST_PARTS:
        raise ValueError("This notebook has too many parts to be shown here.")
    try:
        document = json.loads(data)
        found = document["cells"]
        if not isinstance(found, list):
            raise TypeError
    except (ValueError, RecursionError, KeyError, TypeError):
        raise ValueError("This file is no notebook that can be read.") from None
    return tuple(_cell(one) for one in found[:_MOST_CELLS] if isinstance(one, dict))


def _cell(cell: Mapping[str, Any]) -> Cell:
    is_code = cell.get("cell_type") == "code"
    number = cell.get("execution_count")
    outputs = cell.get("outputs")
    return Cell(
        is_code,
        _text(cell.get("source")),
        str(number) if type(number) is int and 0 <= number < 10**9 else "",
        tuple(_outputs(outputs)) if is_code and isinstance(outputs, list) else (),
    )


def _outputs(outputs: list[Any]) -> Iterator[Output]:
    for one in outputs[:_MOST_OUTPUTS]:
        if not isinstance(one, dict):
            continue
        if one.get("output_type") == "error":
            yield Output(_text(one.get("traceback"), "\n"), is_error=True)
        elif "text" in one:
            yield Output(_text(one["text"]), is_error=one.get("name") == "stderr")
        elif isinstance(data := one.get("data"), dict):
            yield _shown(data)


def _shown(data: Mapping[str, Any]) -> Output:
    """The picture of an output, or else its plain text: every kernel sends that, too."""
    for kind, mark in _PICTURES.items():
        told = data.get(kind)
        if isinstance(told, str) and len(told) <= _LARGEST_PICTURE and _is_picture(told := "".join(told.split()), mark):
            return Output(picture=f"data:{kind};base64,{told}")
    return Output(_text(data.get("text/plain")))


def _is_picture(text: str, mark: bytes) -> bool:
    try:
        return b64decode(text, validate=True).startswith(mark)
    except (binascii.Error, ValueError):
        return False


def _text(value: object, between: str = "") -> str:
    """A text, or a list of lines; without colours, and without what a page or a terminal could take for orders."""
    if isinstance(value, list):
        value = between.join(line for line in value if isinstance(line, str))
    if not isinstance(value, str):
        return ""
    cut = value if len(value) <= _LONGEST else f"{value[:_LONGEST]}\n…"
    # Of what a progress bar wrote over itself only its last state. An expression would look on from every letter.
    lines = (line.rstrip("\r").rpartition("\r")[2] for line in _COLOURS.sub("", cut).split("\n"))
    return printable("\n".join(lines))
