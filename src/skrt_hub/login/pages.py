"""The words and the pages of the log-in: one page for each step, in the language of the browser."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

_FOLDER = Path(__file__).parent
LANGUAGE_COOKIE = "skrt-language"
CLOSED_STATUS = 503
"""Of what a closed hub answers in a server's place. JupyterLab takes most others, about a kernel, for its end."""
CLOSED_HEADERS = {"Cache-Control": "no-store", "Retry-After": "30", "Skrt-Hub-Closed": "yes"}
"""By the last of them an open page of JupyterLab knows such an answer (labextension/static/closing.js)."""


@dataclass(frozen=True)
class Look:
    """What an organiser chose for the pages, from hub.yaml's `page`."""

    title: str = "scikit-rt hub"
    text: str = ""
    logo: str = ""
    colour: str = ""
    languages: dict[str, dict[str, str]] = field(default_factory=dict)


class Pages:
    """The pages of one hub. `folder` has their templates and words."""

    def __init__(self, look: Look, folder: Path = _FOLDER) -> None:
        self.look = look
        built_in = _built_in_words(folder)
        from jinja2 import Environment, FileSystemLoader  # noqa: PLC0415 - commands ask for words, and show no page

        # Words of one's own, in English where something is missing.
        own = {code: {**built_in["en"], **words} for code, words in look.languages.items()}
        self._words = {**built_in, **own}
        self._templates = Environment(loader=FileSystemLoader(folder / "templates"), autoescape=True)

    def words(self, language: str) -> dict[str, str]:
        """Every message in this language."""
        return self._words[language]

    def language(self, wanted: str, accepted: str) -> str:
        """The language to use: the one asked for, else the first that the browser likes, else English."""
        if wanted in self._words:
            return wanted
        liked = [part.partition(";")[0].strip().lower().partition("-")[0] for part in accepted.split(",")]
        return next((code for code in liked if code in self._words), "en")

    def say(self, language: str, key: str, **values: Any) -> str:
        """One message; a key that has no words is said as it is."""
        return self._words[language].get(key, key).format(**values)

    def page(self, template: str, language: str, base: str, *, query: dict[str, str], **values: Any) -> str:
        """A whole page of HTML. `query` is what links on the page keep of the address."""
        languages = [(code, words["language"]) for code, words in self._words.items()]
        kept = {key: value for key, value in query.items() if value and key != "language"}
        return self._templates.get_template(f"{template}.html").render(
            words=self._words[language],
            language=language,
            languages=languages,
            look=self.look,
            base=base,
            keep=urlencode(kept) + "&" if kept else "",
            stamp=stamp(),
            **values,
        )


def asset(name: str) -> bytes:
    """A style sheet or a script of the pages."""
    return (_FOLDER / "templates" / name).read_bytes()


@cache
def stamp() -> str:
    """Changes with the pages' style and script, so that browsers may keep them."""
    return hashlib.sha256(asset("log-in.css") + asset("log-in.js")).hexdigest()[:12]


def _built_in_words(folder: Path) -> dict[str, dict[str, str]]:
    files = sorted((folder / "words").glob("*.json"), key=lambda file: (file.stem != "en", file.stem))
    return {file.stem: json.loads(file.read_text(encoding="utf-8")) for file in files}
