"""Slips as a PDF: eight to a page, which fits A4 and US letter alike, with marks to cut along."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from reportlab.lib.pagesizes import A4
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFError, TTFont
from reportlab.pdfgen.canvas import Canvas

from skrt_hub.slips.slip import WORDS, Slip, lines_of

_COLUMNS, _ROWS = 2, 4
_WIDTH, _HEIGHT = 258.0, 176.0  # points; the whole block stays within letter's height and A4's width
_CODE_SIZE = 104.0
_MARK = 9.0
_PADDING = 12.0
_FONT = "skrt-hub-slips"
_SYSTEM_FONTS = (
    Path("/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf"),
    Path("/usr/share/fonts/dejavu/DejaVuSans.ttf"),
)


def render(slips: Sequence[Slip], fonts: Iterable[Path] = ()) -> tuple[bytes, tuple[str, ...]]:
    """The PDF, and the names for which no font here has all letters.

    `fonts` are TrueType files to try first; the last resort is the one that comes with reportlab.
    """
    font = _take_font(fonts)
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=A4, pageCompression=1)
    canvas.setTitle(f"Log-in slips: {slips[0].hub}" if slips else "Log-in slips")
    left = (A4[0] - _COLUMNS * _WIDTH) / 2
    top = (A4[1] + _ROWS * _HEIGHT) / 2
    for number, slip in enumerate(slips):
        place = number % (_COLUMNS * _ROWS)
        if number and place == 0:
            canvas.showPage()
        row, column = divmod(place, _COLUMNS)
        _draw(canvas, slip, left + column * _WIDTH, top - (row + 1) * _HEIGHT)
    canvas.save()
    lacking = tuple(slip.shown for slip in slips if not _has_all(font, f"{slip.hub}{slip.shown}{slip.login}"))
    return out.getvalue(), lacking


def _take_font(fonts: Iterable[Path]) -> TTFont:
    for file in (*fonts, *_SYSTEM_FONTS, Path("Vera.ttf")):  # reportlab finds its own Vera by its name
        try:
            font = TTFont(_FONT, str(file))
        except (TTFError, OSError):
            continue
        pdfmetrics.registerFont(font)
        return font
    raise AssertionError("reportlab comes without its own font")


def _has_all(font: TTFont, text: str) -> bool:
    return all(ord(letter) in font.face.charToGlyph for letter in text)


def _draw(canvas: Canvas, slip: Slip, x: float, y: float) -> None:
    _cut_marks(canvas, x, y)
    right = x + _WIDTH - _PADDING - _CODE_SIZE
    _qr(canvas, slip, right, y + _HEIGHT - _PADDING - _CODE_SIZE)
    room = right - x - 2 * _PADDING
    line = y + _HEIGHT - _PADDING - 12
    _text(canvas, slip.hub, x + _PADDING, line, size=12, room=room)
    line -= 22
    for title, words, size in (
        (WORDS["address"], slip.address, 9.0),
        (WORDS["name"], slip.login, 12.0),
        ("", slip.shown if slip.shown != slip.login else "", 8.0),
    ):
        if title:
            _text(canvas, title, x + _PADDING, line, size=6.5, room=room)
            line -= size + 1
        if words:
            _text(canvas, words, x + _PADDING, line, size=size, room=room)
            line -= 13 if title else 10
    _text(canvas, WORDS["code"], x + _PADDING, y + 57, size=6.5, room=room)
    _text(canvas, slip.code, x + _PADDING, y + 43, size=13, room=_WIDTH - 2 * _PADDING, font="Courier-Bold")
    _small_print(canvas, slip, x + _PADDING, y + 32)


def _small_print(canvas: Canvas, slip: Slip, x: float, y: float) -> None:
    words = WORDS["steps"]
    size, room = 5.6, _WIDTH - 2 * _PADDING
    for part in _wrapped(words, size, room):
        _text(canvas, part, x, y, size=size, room=room)
        y -= size + 1
    if slip.fingerprint:
        # Fingerprints are compared, not read: small, in a font in which 8 and B differ.
        for part in (*_wrapped(WORDS["certificate"], 4.6, room)[:1], *lines_of(slip.fingerprint)):
            mono = "Courier" if ":" in part[:3] else _FONT
            _text(canvas, part, x, y, size=4.6, room=room, font=mono)
            y -= 5.4


def _wrapped(words: str, size: float, room: float) -> list[str]:
    lines = [""]
    for word in words.split():
        longer = f"{lines[-1]} {word}".strip()
        if pdfmetrics.stringWidth(longer, _FONT, size) > room:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines


def _text(canvas: Canvas, words: str, x: float, y: float, *, size: float, room: float, font: str = _FONT) -> None:
    """One line, smaller where it would not fit."""
    width = pdfmetrics.stringWidth(words, font, size)
    canvas.setFont(font, size if width <= room else size * room / width)
    canvas.drawString(x, y, words)


def _qr(canvas: Canvas, slip: Slip, x: float, y: float) -> None:
    matrix = slip.matrix()
    module = _CODE_SIZE / len(matrix)
    path: Any = canvas.beginPath()
    for row, modules in enumerate(matrix):
        for column, dark in enumerate(modules):
            if dark:
                path.rect(x + column * module, y + (len(matrix) - 1 - row) * module, module, module)
    canvas.drawPath(path, stroke=0, fill=1)


def _cut_marks(canvas: Canvas, x: float, y: float) -> None:
    canvas.setLineWidth(0.4)
    for corner_x, inward_x in ((x, 1), (x + _WIDTH, -1)):
        for corner_y, inward_y in ((y, 1), (y + _HEIGHT, -1)):
            canvas.line(corner_x, corner_y, corner_x + inward_x * _MARK, corner_y)
            canvas.line(corner_x, corner_y, corner_x, corner_y + inward_y * _MARK)
