"""Slips as they are printed: every QR code on the page is read back."""

from __future__ import annotations

import json
import re
from urllib.parse import parse_qs, urlsplit

import pypdfium2
import pytest
import zxingcpp

from skrt_hub.slips import page, pdf
from skrt_hub.slips.slip import Slip

PEOPLE = {"anna.mueller": "Anna Müller", "芳.王": "王芳", "o'brien": "Seán O’Brien", "bob": "bob"}


def slips(count: int = 1) -> list[Slip]:
    fingerprint = ":".join(["AB"] * 32)
    return [
        Slip("Course", "https://192.168.178.23:8000/", shown, login, "lemon-river-panda-clock", "A", fingerprint)
        for _ in range(count)
        for login, shown in PEOPLE.items()
    ]


def test_every_printed_code_leads_to_the_log_in_with_name_and_code() -> None:
    content, _ = pdf.render(slips(3))
    document = pypdfium2.PdfDocument(content)
    assert len(document) == 2  # twelve, eight to a page
    read = [code.text for sheet in document for code in zxingcpp.read_barcodes(sheet.render(scale=2).to_pil())]
    assert sorted(read) == sorted(slip.link for slip in slips(3))
    found = parse_qs(urlsplit(read[0]).fragment)
    assert found["name"][0] in PEOPLE
    assert found["code"] == ["lemon-river-panda-clock"]
    assert urlsplit(read[0]).query == ""  # what is behind the ? would be in logs


def test_the_page_fits_paper_of_both_kinds() -> None:
    content, _ = pdf.render(slips(2))
    (sheet,) = pypdfium2.PdfDocument(content)
    picture = sheet.render(scale=1).to_pil().convert("L")
    left, top, right, bottom = picture.point(lambda value: 255 * (value < 250)).getbbox()
    width, height = picture.size
    assert right - left < 612 - 36 and bottom - top < 792 - 36  # letter, with a printer's margins
    assert min(left, width - right) > 18 and min(top, height - bottom) > 18


def test_letters_that_the_font_lacks_are_told() -> None:
    _, lacking = pdf.render(slips())
    assert "王芳" in lacking
    assert "bob" not in lacking


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", "a & b"])
def test_the_web_page_shows_names_as_they_are(name: str) -> None:
    text = page.render([Slip("Course", "https://x/", name, "a", "b")])
    assert name not in text
    assert not re.search(r"(src|href)=", text)  # nothing is fetched


def test_the_document_has_all_that_a_program_needs() -> None:
    (first, *_) = slips()
    assert {"login", "code", "address", "link", "shown"} <= json.loads(json.dumps(first.as_json())).keys()
