"""Real browsers beside the scripted participants: what a person waits for is the page.

Each is a Chromium with nothing in its cache. It logs in through the form, opens a notebook in JupyterLab, and runs the
first cell. Playwright drives it; it is asked for only here. A Chromium of the system is used, never a downloaded one.

The browsers run on the processors that are measured, so what is only the driving is kept small: no page is loaded to be
left again, and a page is looked at ten times a second.
"""

from __future__ import annotations

import asyncio
import importlib
import json
import shutil
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

from skrt_hub.bench import cells
from skrt_hub.errors import PrerequisiteError

NOTEBOOK = "bench-browser.ipynb"
_PROGRAMS = ("chromium", "google-chrome", "chromium-browser")
_QUIET = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking")
_SELF = ("--disable-component-update", "--disable-sync")


_LIGHT = "files/none"  # below the server; who asks for it is logged in first, then sees a line of text
_OPENED = "document.querySelector('.jp-Notebook .jp-CodeCell .cm-content')"
_IDLE = "/Python 3 .*Idle/.test(document.getElementById('jp-bottom-panel')?.textContent)"
_DONE = "document.querySelector('.jp-CodeCell .jp-InputPrompt')?.textContent.includes('[1]')"
_LOOK = 100  # milliseconds


@dataclass(frozen=True)
class BrowserTimes:
    """Seconds from the log-in page's address to the first cell's end, for each who got there; the others in words."""

    seconds: tuple[float, ...] = ()
    failures: tuple[str, ...] = ()


def ensure_there() -> str:
    """The path of a Chromium. Raises PrerequisiteError where it, or Playwright, is missing."""
    found = next(filter(None, map(shutil.which, _PROGRAMS)), None)
    if found is None:
        raise PrerequisiteError("There is no Chromium here.", remedy="Install it: sudo apt install chromium")
    try:
        importlib.import_module("playwright.async_api")
    except ImportError:
        raise PrerequisiteError(
            "Playwright, which drives the browsers, is not installed beside skrt-hub.",
            remedy="Install it there: pip install playwright (it need not download a browser).",
        ) from None
    return found


@asynccontextmanager
async def browsers(count: int) -> AsyncIterator[list[Any]]:
    """So many Chromiums, each a program of its own, that have been started and have loaded nothing."""
    if not count:
        yield []
        return
    program = ensure_there()
    api: Any = importlib.import_module("playwright.async_api")
    async with api.async_playwright() as playwright:
        launch = [playwright.chromium.launch(executable_path=program, args=[*_QUIET, *_SELF]) for _ in range(count)]
        started = await asyncio.gather(*launch)
        try:
            yield list(started)
        finally:
            await asyncio.gather(*(one.close() for one in started), return_exceptions=True)


async def arrive(
    started: Sequence[Any], url: str, names: Sequence[str], password: str, *, deadline: float
) -> BrowserTimes:
    """Each of these names logs in now with a browser of its own."""
    pairs = list(zip(started, names, strict=True))
    ends = await asyncio.gather(
        *(_journey(one, url, name, password, deadline) for one, name in pairs), return_exceptions=True
    )
    times = tuple(sorted(end for end in ends if isinstance(end, float)))
    failures = (f"a browser: {_first_line(end)}" for end in ends if isinstance(end, Exception))
    return BrowserTimes(times, tuple(failures))


async def _journey(browser: Any, url: str, name: str, password: str, deadline: float) -> float:
    context = await browser.new_context(ignore_https_errors=True, viewport={"width": 1280, "height": 860})
    page = await context.new_page()
    page.set_default_timeout(1000 * deadline)
    hub, server = url.rstrip("/"), f"{url.rstrip('/')}/user/{quote(name)}"
    began = time.monotonic()
    await page.goto(f"{hub}/hub/login?next={quote(f'{urlsplit(hub).path}/hub/user-redirect/{_LIGHT}', safe='')}")
    await page.fill("#username_input", name)
    await page.fill("#password_input", password)
    await page.click("#login_submit", no_wait_after=True)
    await page.wait_for_url(f"**/user/*/{_LIGHT}", wait_until="commit")
    await _put_notebook(context, server)
    await page.goto(f"{server}/lab/tree/{NOTEBOOK}", wait_until="commit")
    await page.wait_for_function(_OPENED, polling=_LOOK)
    await page.click(".jp-Notebook .jp-CodeCell .cm-content")
    await page.wait_for_function(_IDLE, polling=_LOOK)  # JupyterLab by itself drops what is run before
    await page.keyboard.press("Shift+Enter")
    await page.wait_for_function(_DONE, polling=_LOOK)
    return time.monotonic() - began


async def _put_notebook(context: Any, server: str) -> None:
    """A notebook with the first cell, as an organiser's would lie there."""
    cell: dict[str, Any] = {
        "cell_type": "code",
        "source": cells.IMPORT,
        "metadata": {},
        "outputs": [],
        "execution_count": None,
    }
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    document = {"nbformat": 4, "nbformat_minor": 4, "metadata": kernel, "cells": [cell]}
    cookies = await context.cookies(f"{server}/")
    token = max((one for one in cookies if one["name"] == "_xsrf"), key=lambda one: len(one["path"]))["value"]
    answer = await context.request.put(
        f"{server}/api/contents/{NOTEBOOK}",
        data=json.dumps({"type": "notebook", "format": "json", "content": document}),
        headers={"X-XSRFToken": token, "Content-Type": "application/json"},
    )
    if answer.status not in (200, 201):
        raise RuntimeError(f"the notebook could not be saved: answer {answer.status}")


def _first_line(error: BaseException) -> str:
    return (str(error) or type(error).__name__).splitlines()[0][:200]
