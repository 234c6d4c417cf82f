"""Lists of people from workbooks: ordinary ones, and ones that were made to harm whoever reads them."""

from __future__ import annotations

import io
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook

from skrt_hub.api import Hub
from skrt_hub.errors import SettingsError
from skrt_hub.settings import spreadsheet
from skrt_hub.settings.people import people_in_file, read_list

SHEET = "xl/worksheets/sheet1.xml"


def workbook(*rows: list[Any], change: Callable[[Workbook], None] = lambda book: None) -> bytes:
    book = Workbook()
    for row in rows:
        book.active.append(row)
    change(book)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def with_part(data: bytes, name: str, content: Callable[[bytes], bytes]) -> bytes:
    """The workbook with one of its parts changed."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as new:
        for part in old.namelist():
            new.writestr(part, content(old.read(part)) if part == name else old.read(part))
    return made.getvalue()


CLASS = workbook(
    ["Vorname", "Nachname", "E-Mail", "Gruppe", "Matrikelnummer"],
    ["Jürgen", "Weiß", "weiss@uni.example", "A", 4711],
    [None, None, None, None, None],
    ["李", "小龙", None, 2, 12.0],
)


def test_the_first_sheet_is_a_table_as_a_csv_is() -> None:
    first, second = read_list(CLASS, what="class.xlsx")
    assert (first.name, first.email, first.group) == ("Jürgen Weiß", "weiss@uni.example", "A")
    assert (second.name, second.group) == ("李 小龙", "2")


def test_a_hidden_sheet_is_not_the_first() -> None:
    def hide(book: Workbook) -> None:
        book.active.sheet_state = "hidden"
        book.create_sheet("seen").append(["anna@uni.example"])

    (person,) = read_list(workbook(["old@uni.example"], change=hide), what="x")
    assert person.email == "anna@uni.example"


def lying(data: bytes) -> bytes:
    return data.replace(b'<dimension ref="A1:E4"', b'<dimension ref="A1:XFD1048576"')


def test_what_a_file_says_of_its_size_decides_nothing() -> None:
    assert len(read_list(with_part(CLASS, SHEET, lying), what="x")) == 2


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (workbook(["name"], ['=HYPERLINK("http://x")']), "cell A2 is a formula"),
        (workbook(["name"], ["#REF!"]), r"cell A2 is an error"),
        (workbook(["name"], ["x" * 2000]), "more than 1000 characters"),
        (workbook(*([f"p{n}"] for n in range(5001))), "more than 5000 lines"),
        (workbook([*["x"] * 61]), "more than 60 columns"),
        (b"PK\x03\x04 and no more", "no workbook"),
        (workbook(["a"])[:-200], "no workbook"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), r"old kind \(.xls\)"),
        (b"PK\x03\x04" + bytes(6 * 2**20), "more than 5 MB"),
    ],
    ids=["formula", "error", "long cell", "rows", "columns", "cut", "cut later", "old", "large"],
)
def test_what_cannot_be_taken_is_refused_in_words(data: bytes, why: str) -> None:
    with pytest.raises(ValueError, match=why) as refused:
        read_list(data, what="class.xlsx")
    assert str(refused.value).startswith("class.xlsx: ")


def plain_zip(**parts: bytes) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in parts.items():
            package.writestr(name, content)
    return made.getvalue()


def bomb() -> bytes:
    return with_part(CLASS, SHEET, lambda text: text + b" " * (200 * 2**20))


def packed_otherwise(how: int) -> bytes:
    """A part of 35 MB, less than may be, packed in a way of which no piece can be had by itself."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", how) as package:
        package.writestr(SHEET, b" " * (35 * 2**20))
    return file.getvalue()


def many_parts() -> bytes:
    return plain_zip(**{f"p{number}": b"" for number in range(1000)})


def entities(text: bytes) -> bytes:
    head = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">' + b"".join(
        b'<!ENTITY %c "%s">' % (98 + n, b"&%c;" % (97 + n) * 10) for n in range(9)
    )
    return text.replace(b"<worksheet", head + b"]><worksheet", 1)


def in_utf16(text: bytes) -> bytes:
    return b"\xff\xfe" + entities(text).decode().replace("UTF-8", "UTF-16").encode("utf-16-le")


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (bomb, "unpacks to far more"),
        (many_parts, "unpacks to far more"),
        (lambda: with_part(CLASS, SHEET, entities), "XML entities"),
        (lambda: with_part(CLASS, SHEET, in_utf16), "XML entities"),
        (lambda: with_part(CLASS, SHEET, lambda text: b" " * (2**20 - 5) + entities(text)), "XML entities"),
        (lambda: with_part(CLASS, "xl/workbook.xml", lambda text: b"<a>" * 10_000), "no workbook"),
        (lambda: packed_otherwise(zipfile.ZIP_BZIP2), "packed as no spreadsheet program"),
        (lambda: packed_otherwise(zipfile.ZIP_LZMA), "packed as no spreadsheet program"),
    ],
    ids=["bomb", "parts", "entities", "entities in UTF-16", "entities later", "nested", "bzip2", "lzma"],
)
def test_files_that_were_made_to_harm_take_little_memory(make: Callable[[], bytes], why: str) -> None:
    data = make()
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match=why):
            read_list(data, what="x")
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < 60 * 2**20


def test_a_part_gives_no_more_than_it_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its size in the directory is forged: the reader stops there."""
    data = bomb()
    with zipfile.ZipFile(io.BytesIO(data)) as package:
        real = package.getinfo(SHEET).file_size
    forged = data.replace(real.to_bytes(4, "little"), (1000).to_bytes(4, "little"))
    assert forged != data
    with pytest.raises(ValueError, match="no workbook"):
        read_list(forged, what="x")


def test_a_workbook_is_imported_and_is_no_list_that_the_hub_keeps(tmp_path: Path) -> None:
    (tmp_path / "class.xlsx").write_bytes(CLASS)
    (tmp_path / "hub.yaml").write_text("participants: class.xlsx\n", encoding="utf-8")
    with pytest.raises(SettingsError) as refused:
        Hub.load(tmp_path / "hub.yaml", state=tmp_path / "state")
    assert "participants import class.xlsx" in str(refused.value)
    (tmp_path / "renamed.csv").write_bytes(CLASS)
    with pytest.raises(ValueError, match="is a workbook"):
        people_in_file(tmp_path / "renamed.csv")
    assert not spreadsheet.is_workbook(b"name,email\n")
