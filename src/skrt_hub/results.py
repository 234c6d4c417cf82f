"""What the last `verify` and `audit` found, kept for whoever looks later; and reports as plain data, to show elsewhere.

A report is kept as what a person reads of it, so that a newer skrt-hub shows what an older one found.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from skrt_hub.errors import SkrtHubError
from skrt_hub.files import ensure_folder, read_json, write_json
from skrt_hub.layout import Layout
from skrt_hub.report import Report
from skrt_hub.terminal import printable

VERIFY, AUDIT = "verify", "audit"
KINDS = (VERIFY, AUDIT)


@dataclass(frozen=True)
class Block:
    """A table, or lines of text where there are no rows. Every word in it is printable, and may be a participant's."""

    heads: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    lines: tuple[str, ...] = ()


@dataclass(frozen=True)
class Found:
    """What a person reads of a report. `when`: in ISO 8601; `ok`: nothing in it needs to be looked after."""

    when: str
    ok: bool
    blocks: tuple[Block, ...]


def found(report: Report) -> Found:
    """The report as plain data."""
    when = datetime.now(UTC).isoformat(timespec="seconds")
    return Found(when, report.exit_code == 0, tuple(_blocks(report.render())))


def keep(layout: Layout, kind: str, report: Report) -> None:
    """Keep what was found, in place of what was found before. A disk that is full takes nothing from the report."""
    with contextlib.suppress(OSError, SkrtHubError):
        ensure_folder(layout.results, mode=0o700)
        write_json(_file(layout, kind), asdict(found(report)), mode=0o600)


def kept(layout: Layout, kind: str) -> Found | None:
    """What the last one found; None where there was none, or where the file is damaged."""
    try:
        document = read_json(_file(layout, kind))
        return None if document is None else _read(document)
    except (OSError, SkrtHubError, ValueError, KeyError, TypeError, RecursionError):
        return None


def _file(layout: Layout, kind: str) -> Path:
    return layout.results / f"{kind}.json"


def _read(document: dict[str, Any]) -> Found:
    blocks = tuple(
        Block(tuple(one["heads"]), tuple(tuple(row) for row in one["rows"]), tuple(one["lines"]))
        for one in document["blocks"]
    )
    return Found(str(document["when"]), bool(document["ok"]), blocks)


def _blocks(rendered: RenderableType) -> Iterator[Block]:
    if isinstance(rendered, Group):
        for part in rendered.renderables:
            yield from _blocks(part)
    elif isinstance(rendered, Table):
        columns = [[_words(cell) for cell in column.cells] for column in rendered.columns]
        heads = tuple(_words(column.header) for column in rendered.columns)
        yield Block(heads, tuple(zip(*columns, strict=True)))
    elif text := _words(rendered).strip("\n"):
        yield Block(lines=tuple(text.split("\n")))


def _words(cell: RenderableType) -> str:
    return printable(str(cell if isinstance(cell, Text) else Text.from_markup(str(cell))))
