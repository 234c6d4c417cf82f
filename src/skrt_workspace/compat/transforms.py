"""Numbers in elastix's transform files, as scikit-rt's reader understands them.

`Elastix.read_parameters` takes a list for whole numbers when its first value has no point. elastix 5.0 wrote
`(Spacing 1.0000000000 1.0000000000 2.5000000000)`; since 5.1 it writes the shortest form, `(Spacing 1 1 2.5)`, which is
read as 1, 1, 2: structures and doses transformed with a changed copy of that file land in the wrong place. A lone
`1e-05` even fails. The reader is given a copy of the file in which such lists have points.
"""

from __future__ import annotations

import functools
import re
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

_NUMBERS = re.compile(r"^\((?P<name>\w+)(?P<values>(?:\s+[-+]?[\d.]+(?:[eE][-+]?\d+)?)+)\s*\)", re.MULTILINE)


def mend_reader(module: Any) -> None:
    """Let `skrt.registration.Elastix` read what elastix 5.1 and newer write; a better reader gets the same numbers."""
    module.Elastix.read_parameters = _with_points(module.Elastix.read_parameters)


def with_points(text: str) -> str:
    """The text of a parameter file, each list that holds a broken number having a point in all of its numbers."""
    return _NUMBERS.sub(_list_with_points, text)


def _list_with_points(match: re.Match[str]) -> str:
    values = match["values"].split()
    if not any(character in value for value in values for character in ".eE"):
        return match[0]
    return f"({match['name']} {' '.join(map(_with_point, values))})"


def _with_point(value: str) -> str:
    digits, letter, exponent = re.fullmatch(r"([^eE]*)([eE]?)(.*)", value).groups()  # type: ignore[union-attr]
    return f"{digits if '.' in digits else digits + '.0'}{letter}{exponent}"


def _with_points(reader: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(reader)
    def read_parameters(self: Any, infile: Any) -> Any:
        text = Path(infile).read_text(encoding="utf-8")
        mended = with_points(text)
        if mended == text:
            return reader(self, infile)
        with tempfile.NamedTemporaryFile("w", suffix=".txt", encoding="utf-8") as copy:
            copy.write(mended)
            copy.flush()
            return reader(self, copy.name)

    return read_parameters
