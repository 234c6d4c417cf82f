"""The way of a participant in Firefox: from a slip to a notebook, kept out, and in again with a new slip."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable

import pytest

from tests.support.firefox import Firefox, firefox
from tests.support.hubs import Hub

pytestmark = pytest.mark.long
SETTINGS = {"address": "lan", "tls": "class", "login": "codes", "participants": ["anna"]}
SIZES = {"desktop": (1280, 860), "phone": (390, 844)}


def code_of(hub: Hub, *words: str) -> str:
    file = hub.root / "slips.json"
    file.unlink(missing_ok=True)
    hub.run("participants", *words, "--to", str(file))
    (slip,) = json.loads(file.read_text(encoding="utf-8"))
    return str(slip["code"])


async def log_in(window: Firefox, url: str, secret: str) -> None:
    await window.go(f"{url}hub/login")
    await window.fill("#username_input", "anna")
    await window.fill("#password_input", secret)
    await window.press("#login_submit")


async def choose(window: Firefox, password: str) -> None:
    await window.until("location.pathname.includes('choose-password')")
    names = str(await window.run("[...document.querySelectorAll('input[type=password]')].map(one => one.id).join()"))
    for name in names.split(","):
        await window.fill(f"#{name}", password)
    await window.press("form button:not([type=button]), form input[type=submit]")


@pytest.mark.parametrize("size", SIZES)
def test_from_a_slip_to_a_notebook_and_back_after_a_reset(size: str, make_hub: Callable[..., Hub]) -> None:
    hub = make_hub(**SETTINGS)
    hub.run("up")
    url = json.loads(hub.run("status", "--json").stdout)["url"]
    first = code_of(hub, "sheet")

    async def way() -> None:
        async with firefox() as window:
            await window.size(*SIZES[size])
            await log_in(window, url, first)
            await choose(window, "a good sentence")
            await window.until("location.pathname.startsWith('/user/anna/lab')")
            await window.until("!!document.querySelector('#jp-main-dock-panel')")
            await window.go(f"{url}user/anna/lab/tree/examples/01_loading_and_viewing.ipynb")
            await window.until("!!document.querySelector('.jp-CodeCell .cm-content')")
            # The kernel answers the page: its web socket is open. (Without a screen Firefox's window has no focus, and
            # JupyterLab runs nothing that is typed into such a window.)
            await window.until("!!document.querySelector('.jp-Notebook-ExecutionIndicator[data-status=idle]')")
            await window.picture(f"firefox-{size}")

            hub.run("participants", "disable", "anna")
            await asyncio.sleep(6)  # sessions end within five seconds
            await log_in(window, url, "a good sentence")
            await window.until("document.body.innerText.match(/switched off/i)")
            await window.picture(f"firefox-{size}-disabled")
            hub.run("participants", "enable", "anna")
            second = code_of(hub, "reset", "anna")
            await log_in(window, url, "a good sentence")
            await window.until(
                "!!document.querySelector('#login_submit') && document.body.innerText.match(/not right|wrong/i)"
            )
            await log_in(window, url, second)
            await choose(window, "another sentence")
            await window.until("location.pathname.startsWith('/user/anna/lab')")

    asyncio.run(way())
