"""The first sheet of a workbook (XLSX) as the rows of a table, from a file that nobody has looked at yet.

Such a file is a zip of XML documents, so a small one can be made that fills any memory: what it unpacks to is bounded
before anything of it is read, and entities are refused, which the format forbids anyway (ECMA-376, part 2).
"""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

LARGEST_FILE = 5 * 2**20
LARGEST = 40 * 2**20
"""Bytes of all that is in the file, unpacked."""
MOST_PARTS = 500
MOST_ROWS = 5000
MOST_COLUMNS = 60
LONGEST_CELL = 1000
_PIECE = 2**20
_PACKED = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""What the format has (ECMA-376, part 2). Other ways give a piece of any size at once, however little is asked for."""
_MARK = b"PK\x03\x04"
_OLD_MARK = b"\xd0\xcf\x11\xe0"


def is_workbook(data: bytes) -> bool:
    """Whether this is a workbook, of the new kind or the old one, and no text."""
    return data.startswith((_MARK, _OLD_MARK))


def rows_in(data: bytes) -> list[list[str]]:
    """The cells of the first sheet that is shown, as text. Raises ValueError in words for what cannot be taken."""
    if data.startswith(_OLD_MARK):
        raise ValueError("it is locked with a password, or of the old kind (.xls); save it as .xlsx or as .csv")
    if len(data) > LARGEST_FILE:
        raise ValueError(f"it has more than {LARGEST_FILE // 2**20} MB; save the sheet as .csv")
    try:
        _ensure_harmless(data)
        return _read(data)
    except _BROKEN as error:
        raise ValueError(f"it is no workbook that can be read ({type(error).__name__}); save it as .csv") from None


def _ensure_harmless(data: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(data)) as package:
        parts = package.infolist()
        if len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > LARGEST:
            raise ValueError("it unpacks to far more than a list of people; save the sheet as .csv")
        for part in parts:
            if part.compress_type not in _PACKED:
                raise ValueError("it is packed as no spreadsheet program packs; save the sheet as .csv")
            # zipfile gives no more than the size that was counted above, whatever the part really unpacks to.
            with package.open(part) as file:
                before = b""
                while piece := file.read(_PIECE):
                    if b"<!DOCTYPE" in (before + piece).replace(b"\0", b"").upper():  # also where it is UTF-16
                        raise ValueError("it has XML entities, which no spreadsheet program writes")
                    before = piece[-32:]


def _read(data: bytes) -> list[list[str]]:
    from openpyxl import load_workbook  # noqa: PLC0415 - 0.2 s, for this alone

    book = load_workbook(io.BytesIO(data), read_only=True, data_only=False, keep_links=False)
    try:
        sheet = next((one for one in book.worksheets if one.sheet_state == "visible"), None)
        if sheet is None:
            raise ValueError("it has no sheet with cells")
        sheet.reset_dimensions()  # what the file says of its size decides nothing
        return [[_text(cell) for cell in row] for row in _bounded(sheet.iter_rows())]
    finally:
        book.close()


def _bounded(rows: Iterator[Sequence[Any]]) -> Iterator[Sequence[Any]]:
    for number, row in enumerate(rows, start=1):
        if number > MOST_ROWS:
            raise ValueError(f"it has more than {MOST_ROWS} lines")
        if any(cell.value is not None for cell in row[MOST_COLUMNS:]):
            raise ValueError(f"line {number} has more than {MOST_COLUMNS} columns")
        yield row[:MOST_COLUMNS]


def _text(cell: Any) -> str:
    value = cell.value
    where = f"{getattr(cell, 'column_letter', '?')}{getattr(cell, 'row', '?')}"
    if value is None:
        return ""
    if cell.data_type == "f" or (isinstance(value, str) and value.startswith("=")):
        raise ValueError(f"cell {where} is a formula; copy the column and paste it as values")
    if cell.data_type == "e":
        raise ValueError(f"cell {where} is an error ({str(value)[:20]})")
    text = _plain(value)
    if len(text) > LONGEST_CELL:
        raise ValueError(f"cell {where} has more than {LONGEST_CELL} characters")
    return text


def _plain(value: object) -> str:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))  # a number of a student, say
    if isinstance(value, datetime):
        return value.isoformat(" ")
    return str(value).replace("_x000D_", "").strip()


_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    NotImplementedError,
    RuntimeError,
    KeyError,
    IndexError,
    AttributeError,
    TypeError,
    SyntaxError,  # what the standard library's XML raises
    OverflowError,
    EOFError,
    OSError,
)
"""What the reader raises for files that are no workbook, or that were made to break it."""
