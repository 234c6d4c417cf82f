"""The organiser's pages as HTML. Every word that comes from a person is escaped by the templates.

Names of files are whatever a home's owner made of them: bytes that are no text, letters that turn the others around.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode

from skrt_hub.class_page.view import Row
from skrt_hub.login.pages import Look, Pages
from skrt_hub.report import human_size
from skrt_hub.terminal import printable

FOLDER = Path(__file__).parent
ASSETS = {"class.css": "text/css; charset=utf-8", "class.js": "text/javascript; charset=utf-8"}
_TROUBLES = ("memory", "home-full", "failed", "no-seat")


class ClassPages(Pages):
    """The pages of one hub, in the languages that there are."""

    def __init__(self, look: Look) -> None:
        super().__init__(look, FOLDER)

    def show(self, template: str, language: str, base: str, *, query: dict[str, str], **values: Any) -> str:
        """A whole page, or, with `live`, the part of it that is looked at again and again."""
        words = self.words(language)

        def trouble(row: Row) -> str:
            return words[f"trouble_{row.trouble if row.trouble in _TROUBLES else 'other'}"]

        helpers = {
            "trouble": trouble,
            "size": human_size,
            "share": _share,
            "moment": _moment,
            "time_of": _time_of,
            "clock": _clock,
            "job_name": lambda kind: words[f"course_{kind}"],
            "in_query": name_in_query,
            "file_in_query": _file_in_query,
        }
        return printable(self.page(template, language, base, query=query, version=version(), **helpers, **values))


def asset(name: str) -> bytes:
    """The style sheet or the script."""
    return (FOLDER / "templates" / name).read_bytes()


@cache
def version() -> str:
    """Changes with the style and the script, so that browsers may keep them."""
    return hashlib.sha256(b"".join(map(asset, ASSETS))).hexdigest()[:12]


def name_in_query(name: str) -> str:
    """A name as it stands in an address."""
    return urlencode({"name": name})


def _file_in_query(name: str, path: str) -> str:
    """A participant's file as it stands in an address; `path_in_query` is the way back."""
    return urlencode({"name": name, "path": path}, errors="surrogateescape")


def path_in_query(query: str) -> str:
    """The path of a file in an address; "" where there is none."""
    return parse_qs(query, errors="surrogateescape").get("path", [""])[-1]


def _time_of(seconds: float) -> str:
    """Seconds since 1970 on this machine's clock; what a file system may say is not always a time."""
    try:
        return _moment(datetime.fromtimestamp(seconds, UTC).isoformat())
    except (ValueError, OverflowError, OSError):
        return "?"


def _share(processors: float) -> str:
    return f"{processors:.1f}"


def _clock(when: datetime) -> str:
    return when.astimezone().strftime("%H:%M:%S")


def _moment(text: str) -> str:
    """A moment in ISO 8601 on this machine's clock, without the day where it is today."""
    try:
        when = datetime.fromisoformat(text.replace("Z", "+00:00")).astimezone()
    except ValueError:
        return ""
    return when.strftime("%H:%M" if when.date() == datetime.now().astimezone().date() else "%Y-%m-%d %H:%M")
