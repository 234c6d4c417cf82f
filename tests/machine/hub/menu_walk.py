"""JupyterLab's menus as somebody meets them who tries every entry: which there are, and what comes of each."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field

from playwright.sync_api import ConsoleMessage, Error, Page, Response

ITEM = ".lm-Menu-item:not(.lm-mod-disabled):not(.lm-mod-hidden)"
_WAIT = 700  # milliseconds in which an error shows itself


@dataclass
class Outcome:
    """What one entry led to."""

    path: tuple[str, ...]
    dialog: str = ""
    opened: list[str] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)


def open_menu(page: Page, path: tuple[str, ...]) -> None:
    """Open the menu, and submenus, in which an entry lies."""
    close_menus(page)
    page.click(f".lm-MenuBar-item:has(> .lm-MenuBar-itemLabel:text-is('{path[0]}'))")
    page.wait_for_selector(".lm-Menu")
    for depth, label in enumerate(path[1:], start=1):
        page.locator(".lm-Menu").nth(depth - 1).locator(ITEM, has=_label(page, label)).first.hover()
        page.wait_for_function(f"document.querySelectorAll('.lm-Menu').length > {depth}", timeout=5000)


def _label(page: Page, label: str):
    return page.locator(f'.lm-Menu-itemLabel:text-is("{label}")')


def close_menus(page: Page) -> None:
    for _ in range(4):
        if not page.locator(".lm-Menu").count():
            return
        page.keyboard.press("Escape")


def entries(page: Page) -> Iterator[tuple[str, ...]]:
    """The path of every entry that can be chosen now."""
    for top in page.locator(".lm-MenuBar-itemLabel").all_inner_texts():
        yield from _entries_in(page, (top,))


def _entries_in(page: Page, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    open_menu(page, path)
    items = page.locator(".lm-Menu").nth(len(path) - 1).locator(ITEM)
    found = [(item.locator(".lm-Menu-itemLabel").inner_text(), item.get_attribute("data-type")) for item in items.all()]
    for label, kind in found:
        if kind == "submenu":
            yield from _entries_in(page, (*path, label))
        elif kind == "command":
            yield (*path, label)


def choose(page: Page, path: tuple[str, ...]) -> Outcome:
    """Choose an entry, and look at what comes."""
    outcome = Outcome(path)

    def heard(message: ConsoleMessage) -> None:
        if message.type == "error":
            outcome.troubles.append(f"console: {message.text[:300]}")

    def answered(response: Response) -> None:
        if response.status >= 400:
            outcome.troubles.append(f"{response.status} {response.request.method} {response.url}")

    def came(other: Page) -> None:
        with contextlib.suppress(Error):
            other.wait_for_load_state("domcontentloaded", timeout=5000)
        outcome.opened.append(other.url)

    context = page.context
    page.on("console", heard)
    page.on("pageerror", lambda error: outcome.troubles.append(f"exception: {error}"))
    context.on("response", answered)
    context.on("page", came)
    open_menu(page, path[:-1])
    page.locator(".lm-Menu").nth(len(path) - 2).locator(ITEM, has=_label(page, path[-1])).first.click()
    page.wait_for_timeout(_WAIT)
    outcome.dialog = " ".join(page.locator(".jp-Dialog").all_inner_texts())
    outcome.troubles += page.locator(".Toastify__toast--error").all_inner_texts()
    for name, handler in (("console", heard),):
        page.remove_listener(name, handler)
    context.remove_listener("response", answered)
    context.remove_listener("page", came)
    for other in context.pages:
        if other is not page:
            other.close()
    return outcome
