"""The one place where words reach a terminal: made printable, in whatever encoding it has, and never an error.

Names and logs that participants wrote may hold what a terminal obeys (escape sequences) or what turns the order of
letters around; here they become visible. What the encoding lacks is written plainly: “ becomes ".
"""

from __future__ import annotations

import codecs
import json
import re
import sys
from collections.abc import Iterable, Mapping
from typing import Any, TextIO

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

# Control characters but tab and newline; marks that turn the order of letters around; halves of characters (how
# Python keeps bytes of a file's name that are no text); lines and paragraphs that Unicode counts beside newline.
_HIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufeff]")
_PLAIN = {"“": '"', "”": '"', "„": '"', "‘": "'", "’": "'", "…": "...", "→": "->", "►": ">", "–": "-", "—": "-"}
_ERRORS = "skrt-hub-plain"


def printable(text: str) -> str:
    """The text with every character that a terminal would obey, or not show, written as its number: `\\x1b`."""
    return text if text.isprintable() else _HIDDEN.sub(_number, text)


def _number(found: re.Match[str]) -> str:
    code = ord(found[0])
    if 0xDC80 <= code <= 0xDCFF:  # a byte of a file's name
        code -= 0xDC00
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


def _in_plain_letters(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeEncodeError)
    lacking = error.object[error.start : error.end]
    return "".join(_PLAIN.get(letter, "?") for letter in lacking), error.end


codecs.register_error(_ERRORS, _in_plain_letters)


class PrintableConsole(Console):
    """A console on which only rich's own colours and movements reach the terminal as such."""

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        for segment in super().render(renderable, options):
            yield segment if segment.control else Segment(printable(segment.text), segment.style)


class Terminal:
    """Where a command's words go: results to `out`, everything else to `err`."""

    def __init__(self) -> None:
        for stream in (sys.stdout, sys.stderr):
            _never_raise(stream)
        self.out = PrintableConsole(soft_wrap=True)
        self.err = PrintableConsole(stderr=True, soft_wrap=True)
        self.about: dict[str, Any] = {}

    def document(self, document: Mapping[str, Any]) -> None:
        """Print one JSON document, with what each begins with (`about`).

        All but plain letters is written as numbers, so that nothing has to be cleaned.
        """
        sys.stdout.write(json.dumps({**self.about, **document}, indent=2) + "\n")
        sys.stdout.flush()

    def ask(self, question: str) -> str | None:
        """The answer to a question, or None where nobody can answer."""
        if not sys.stdin or not sys.stdin.isatty():
            return None
        self.err.print(question, end="", markup=False, highlight=False)
        try:
            return input().strip()
        except EOFError:
            return None


def _never_raise(stream: TextIO | Any) -> None:
    if hasattr(stream, "reconfigure"):
        stream.reconfigure(errors=_ERRORS)
