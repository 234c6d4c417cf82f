"""The choice of a size on JupyterHub's page for a start, in the visitor's language: what the other pages have, too."""

from __future__ import annotations

import json
import re
from html import escape
from typing import Any

from .pages import LANGUAGE_COOKIE, Pages

_SIZE = re.compile(r'<span data-size="([0-9.]+) ([0-9.]+) ([0-9]+)">[^<]*</span>')


def size(memory: float, processors: float, gpus: int, words: dict[str, str]) -> str:
    """What a size is, in these words. `memory` is in GB."""
    parts = [words["size_memory"].format(memory=_number(memory, words))]
    for count, key in ((processors, "processor"), (gpus, "gpu")):
        if count:
            one = words[f"size_one_{key}"]
            parts.append(one if count == 1 else words[f"size_{key}s"].format(count=_number(count, words)))
    return ", ".join(parts)


def marked(memory: float, processors: float, gpus: int, words: dict[str, str]) -> str:
    """The same as HTML, so that `localised` can say it in another language."""
    told = escape(size(memory, processors, gpus, words))
    return f'<span data-size="{memory:.3g} {processors:g} {gpus}">{told}</span>'


def localised(form: str, handler: Any) -> str:
    """The form in the language of whoever asks; what the organiser wrote stays as it is."""
    pages: Pages | None = getattr(getattr(handler, "authenticator", None), "pages", None)
    if pages is None or not form:
        return form
    liked = handler.request.headers.get("Accept-Language", "")
    words = pages.words(pages.language(handler.get_cookie(LANGUAGE_COOKIE, "") or "", liked))

    def translate(found: re.Match[str]) -> str:
        memory, processors, gpus = found.groups()
        return marked(float(memory), float(processors), int(gpus), words)

    return _SIZE.sub(translate, form) + _headings(words)


def _headings(words: dict[str, str]) -> str:
    """JupyterHub's own page has its heading and its button in English only."""
    told = json.dumps([words["choose_size"], words["start_server"]]).replace("<", "\\u003c")
    return (
        f"<script>document.addEventListener('DOMContentLoaded', () => {{ const [heading, start] = {told};"
        "const named = (selector, text) => { const it = document.querySelector(selector);"
        " if (it) { it.textContent = text; } };"
        "named('h1', heading); named('#spawn_form button[type=submit]', start); });</script>"
    )


def _number(value: float, words: dict[str, str]) -> str:
    return f"{value:.3g}".replace(".", words["decimal_sign"])
