"""JupyterLab's menus as somebody meets them who tries every entry: which there are, and what comes of each."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from playwright.sync_api import Error, Locator, Page, Response

Entry = tuple[str, ...]
"""The labels on the way to it, from the menu bar on."""
_ITEM = ".lm-Menu-item:not(.lm-mod-disabled):not(.lm-mod-hidden)"
_SHOWS_ITSELF = 700  # milliseconds
_WRONG = re.compile(r"\berror\b|fail|invalid|not found|could ?n[o']t", re.IGNORECASE)


@dataclass
class Outcome:
    """What was seen after an entry was chosen."""

    dialog: str = ""
    warnings: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    pages: list[str] = field(default_factory=list)


def entries(page: Page) -> list[Entry]:
    """Every entry that can be chosen now."""
    tops = page.locator(".lm-MenuBar-itemLabel").all_inner_texts()
    found = [entry for top in tops if top for entry in _entries_in(page, (top,))]
    _close(page)
    return found


def _entries_in(page: Page, path: Entry) -> Iterator[Entry]:
    _open(page, path)
    items = [
        (item.locator(".lm-Menu-itemLabel").inner_text(), item.get_attribute("data-type"))
        for item in page.locator(".lm-Menu").nth(len(path) - 1).locator(_ITEM).all()
    ]
    for label, kind in items:
        if kind == "submenu":
            yield from _entries_in(page, (*path, label))
        elif kind == "command":
            yield (*path, label)


def _open(page: Page, path: Entry) -> None:
    """Open the menu, and the submenus, of this path."""
    _close(page)
    page.click(f".lm-MenuBar-item:has(> .lm-MenuBar-itemLabel:text-is('{path[0]}'))")
    page.wait_for_selector(".lm-Menu")
    for depth in range(1, len(path)):
        _item(page, path[: depth + 1]).hover()
        page.wait_for_function(f"document.querySelectorAll('.lm-Menu').length > {depth}")


def _item(page: Page, path: Entry) -> Locator:
    label = page.locator(f'.lm-Menu-itemLabel:text-is("{path[-1]}")')
    return page.locator(".lm-Menu").nth(len(path) - 2).locator(_ITEM, has=label).first


def _close(page: Page) -> None:
    while page.locator(".lm-Menu").count():
        page.keyboard.press("Escape")


def choose(page: Page, entry: Entry, wait: int = _SHOWS_ITSELF) -> Outcome:
    """Choose an entry, and say what came of it: dialogs, notifications, refused requests, other pages."""
    outcome = Outcome()

    def answered(response: Response) -> None:
        if response.status >= 400:
            outcome.errors.append(f"{response.status} for {response.request.method} {response.url}")

    def came(other: Page) -> None:
        with contextlib.suppress(Error):
            other.wait_for_load_state("domcontentloaded", timeout=5000)
        outcome.pages.append(other.url)

    page.context.on("response", answered)
    page.context.on("page", came)
    _open(page, entry[:-1])
    _item(page, entry).click()
    page.wait_for_timeout(wait)
    page.context.remove_listener("response", answered)
    page.context.remove_listener("page", came)
    outcome.dialog = " ".join(page.locator(".jp-Dialog").all_inner_texts())
    if _WRONG.search(page.locator(".jp-Dialog-header").first.inner_text() if outcome.dialog else ""):
        outcome.errors.append(outcome.dialog)
    outcome.errors += page.locator(".Toastify__toast--error").all_inner_texts()
    outcome.errors += [f"an error page: {url}" for url in outcome.pages if url.startswith("chrome-error:")]
    outcome.warnings = page.locator(".Toastify__toast--warning").all_inner_texts()
    for other in page.context.pages:
        if other is not page:
            other.close()
    return outcome
