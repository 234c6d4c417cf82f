"""Bringing out what a program in a sandbox made: only what it ought to be comes along.

SECURITY: the program read files that may be made to harm it, so its results may be anything: links, pipes, pages with
scripts, tables with formulas. A page is written anew from the few elements that it may have, and forbids all else.
"""

from __future__ import annotations

import csv
import html
import io
import os
import re
import shutil
import stat
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

from skrt_hub.errors import ProgramError, UsageError
from skrt_hub.files import told, write_atomically
from skrt_workspace import new_folder, system
from skrt_workspace.compare.cells import plain_cell
from skrt_workspace.home.by_path import below

TABLE, PAGE = "compared.csv", "compared.html"
_MOST = 256 << 20
_CELL = 1000
_ELEMENTS = {"h1", "h2", "ul", "li", "table", "tr", "th", "td"}
_CLOSED = {"h1", "h2", "ul", "table", "tr"}
_SILENT = {"title", "style", "script"}
_PICTURE = re.compile(r"data:image/png;base64,[A-Za-z0-9+/]+={0,2}")
_HEAD = (
    "<!doctype html><html lang='en'><head><meta charset='utf-8'>"
    "<meta http-equiv='Content-Security-Policy' content=\"default-src 'none'; img-src data:; "
    "style-src 'unsafe-inline'; form-action 'none'; base-uri 'none'\"><title>Compared</title>"
    "<style>body{font-family:sans-serif;margin:2em}td,th{padding:.2em .8em;text-align:right}</style></head><body>"
)


def refuse_taken(target: Path, source: Path) -> None:
    """Raise UsageError where a clean copy cannot go to `target`."""
    if why := new_folder.unsuitable(target, source):
        raise UsageError(why, remedy="Nothing was written.")


def bring_folder(made: Path, target: Path) -> None:
    """Bring the files of a folder; it appears whole or not at all, and belongs to who runs this."""
    with told(target), new_folder.appearing(target) as partial:
        for path in _files(made):
            into = partial / path.relative_to(made)
            into.parent.mkdir(parents=True, exist_ok=True)
            with _open(path) as old, into.open("xb") as new:
                shutil.copyfileobj(old, new, 1 << 20)
            into.chmod(0o600)
            path.unlink()


def _files(folder: Path) -> Iterator[Path]:
    for place, _, names in below(folder):
        yield from (Path(place, name) for name in names)


def _open(path: Path) -> io.BufferedReader:
    descriptor = os.open(path, os.O_RDONLY | system.O_NOFOLLOW | system.O_NONBLOCK | system.O_CLOEXEC)
    stream = os.fdopen(descriptor, "rb")
    found = os.fstat(descriptor)
    if not stat.S_ISREG(found.st_mode) or found.st_nlink != 1:
        stream.close()
        raise _not_made(path.name)
    return stream


def _not_made(name: str) -> ProgramError:
    return ProgramError(
        f"The program that looks at the files left no proper {name}.",
        why="A file may be made to harm who reads it.",
        remedy="Try without the files that you know least about.",
    )


def _text(made: Path, name: str) -> str:
    try:
        with _open(made / name) as stream:
            content = stream.read(_MOST + 1)
        if len(content) > _MOST:
            raise _not_made(name)
        return content.decode("utf-8-sig")
    except (OSError, UnicodeDecodeError):
        raise _not_made(name) from None


def bring_table(made: Path, to: Path) -> None:
    """Bring the table, with no cell that a spreadsheet would take for a formula."""
    clean = io.StringIO()
    writer = csv.writer(clean)
    try:
        for row in csv.reader(io.StringIO(_text(made, TABLE))):
            writer.writerow([plain_cell(cell[:_CELL]) for cell in row])
    except csv.Error:
        raise _not_made(TABLE) from None
    write_atomically(to / TABLE, clean.getvalue().encode("utf-8-sig"), mode=0o600)


def bring_page(made: Path, to: Path) -> None:
    """Bring the page, written anew."""
    write_atomically(to / PAGE, page_anew(_text(made, PAGE)), mode=0o600)


def page_anew(text: str) -> str:
    """A page of tables, lists, words and PNG pictures, and nothing else that `text` may have."""
    page = _Page()
    page.feed(text)
    page.close()
    return "".join([_HEAD, *page.parts, "</body></html>\n"])


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._silent = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._silent = tag in _SILENT
        given = dict(attrs)
        if tag == "img" and _PICTURE.fullmatch(given.get("src") or ""):
            self.parts.append(f"<img alt='' src='{given['src']}'>")
        elif tag in _ELEMENTS:
            span = given.get("colspan") or ""
            self.parts.append(f"<{tag} colspan='{span}'>" if re.fullmatch("[0-9]{1,2}", span) else f"<{tag}>")

    def handle_endtag(self, tag: str) -> None:
        self._silent = self._silent and tag not in _SILENT
        if tag in _CLOSED:
            self.parts.append(f"</{tag}>")

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.parts.append(html.escape(data))
