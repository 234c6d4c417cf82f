"""A class with codes, as an organiser and its participants live it: a table, slips, a TLS address, real browsers."""

from __future__ import annotations

import asyncio
import functools
import json
import ssl
import time
import urllib.request
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import aiohttp
import pytest
from playwright.sync_api import Browser, Page

from tests.support.browsers import PATIENCE, needs_chromium, picture
from tests.support.hubs import Hub, Person, Refused

pytestmark = needs_chromium
AWKWARD = """\
Nachname;Vorname;E-Mail;Gruppe
Müller;Anna;anna.mueller@uni.example;A
Müller;Anna;a.mueller2@uni.example;B
Ångström;Åsa;;A
O’Brien;Seán;;A
王;芳;;B
de la Cruz;José María;;B
Łukasiewicz;Łukasz;;B
Weiß;Dr. Jürgen;;A
"""
PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True, "locale": "de-DE"}


@pytest.fixture
def room(make_hub: Callable[..., Hub]) -> Hub:
    """A hub with 100 listed people, open to other machines."""
    hub = make_hub()
    people = "".join(f"Person{number};Given;p{number}@uni.example;C\n" for number in range(92))
    (hub.root / "class.csv").write_text(AWKWARD + people, encoding="utf-8")
    hub.configure(
        address="lan", tls="class", participants="class.csv", organisers=["maria"], page={"title": "The course"}
    )
    hub.run("up")
    return hub


def slips_of(hub: Hub, *words: str) -> dict[str, dict[str, Any]]:
    file = hub.root / "slips.json"
    hub.run("participants", *words, "--to", str(file))
    assert file.stat().st_mode & 0o077 == 0
    return {slip["login"]: slip for slip in json.loads(file.read_text(encoding="utf-8"))}


def log_in_with(page: Page, slip: dict[str, Any]) -> None:
    page.goto(slip["link"])
    page.wait_for_function("document.querySelector('#password_input').value !== ''")
    page.click("#login_submit")


def test_a_class_from_its_table_to_slips_log_in_disable_and_reset(room: Hub, browser: Browser) -> None:
    assert len(json.loads(room.run("participants", "--json").stdout)["participants"]) == 101
    slips = slips_of(room, "sheet")
    assert len(slips) == 101
    assert {"anna.mueller", "anna.mueller2", "aasa.aangstroem", "sean.obrien", "芳.王", "jose.cruz"} <= slips.keys()
    room.run("participants", "sheet", "--to", str(room.root / "slips.pdf"), "maria")
    slip = slips["aasa.aangstroem"]
    status = room.status()
    assert status["login"] == "codes" and status["url"].startswith("https://")
    client = ssl.create_default_context(cafile=status["certificate_authority"])
    for address in status["addresses"]:  # every address is in the certificate that the authority signed
        opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=client)
        )
        assert opener.open(f"{address}hub/login", timeout=30).status == 200

    page = browser.new_context(ignore_https_errors=True, **PHONE).new_page()
    page.set_default_timeout(PATIENCE)
    log_in_with(page, slip)
    page.wait_for_selector("#new_input")
    picture(page, "choose-password")
    page.fill("#new_input", "ein guter Satz")
    page.fill("#again_input", "ein guter Satz")
    page.click("#password_submit", no_wait_after=True)
    page.wait_for_url("**/user/**/lab**")
    page.wait_for_selector(".skrt-start[data-ready]")
    assert page.inner_text(".skrt-start h1") == "The course"

    room.run("participants", "disable", "aasa.aangstroem")
    began = time.monotonic()
    while page.goto(f"{slip['address']}user/aasa.aangstroem/api/contents") and "/login" not in page.url:
        assert time.monotonic() - began < 5
    page.fill("#username_input", "aasa.aangstroem")
    page.fill("#password_input", "ein guter Satz")
    page.click("#login_submit")
    page.wait_for_selector("text=zurzeit gesperrt")
    picture(page, "disabled")

    room.run("participants", "enable", "aasa.aangstroem")
    new = slips_of(room, "reset", "aasa.aangstroem")["aasa.aangstroem"]
    assert new["code"] != slip["code"]
    log_in_with(page, slip)  # the old one is void
    page.wait_for_selector(".login_error:visible")
    log_in_with(page, new)
    page.wait_for_selector("#new_input")


def is_out(person: Person, path: str) -> bool:
    """Whether somebody gets the log-in page, or nothing, where a page of theirs was."""
    status, address, _ = person.get(path)
    return status == 403 or "/hub/login" in address


async def still_open(hub: Hub, name: str, token: str, end_sessions: Callable[[], Any]) -> set[str]:
    """Which of somebody's open connections take what is typed after their sessions have ended."""
    base = f"{hub.url}user/{name}/"
    async with aiohttp.ClientSession(headers={"Authorization": f"token {token}"}) as web:
        kernel = (await (await web.post(f"{base}api/kernels", json={"name": "python3"})).json())["id"]
        terminal = (await (await web.post(f"{base}api/terminals", json={})).json())["name"]
        addresses = (f"api/kernels/{kernel}/channels", f"terminals/websocket/{terminal}", "api/events/subscribe")
        channels = {address: await web.ws_connect(base + address) for address in addresses}
        await asyncio.sleep(5)
        assert not any([await _has_ended(channel) for channel in channels.values()])  # not by itself
        await asyncio.to_thread(end_sessions)
        await asyncio.sleep(6)
        return {address for address, channel in channels.items() if not await _has_ended(channel)}


async def _has_ended(channel: aiohttp.ClientWebSocketResponse) -> bool:
    """Whether the connection was closed from the other side."""
    over = (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSING, aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.ERROR)
    try:
        while (await channel.receive(timeout=0.5)).type not in over:
            continue
    except TimeoutError:
        return False
    return True


@pytest.mark.long
def test_sessions_end_at_once_and_the_server_goes_on_after_a_reset(make_hub: Callable[..., Hub]) -> None:
    hub = make_hub()
    hub.run("up")
    anna = hub.at_work("anna")
    anna.server()
    assert anna.get("user/anna/api/contents")[0] == 200
    token = anna.token()
    new_password = functools.partial(hub.run, "participants", "password", "anna", input="another password\n")
    with ThreadPoolExecutor(1) as aside:  # the browser of this module has a loop in this thread
        assert aside.submit(asyncio.run, still_open(hub, "anna", token, new_password)).result() == set()
    assert is_out(anna, "user/anna/api/contents")
    assert is_out(anna, "hub/home")
    assert [server["name"] for server in hub.status()["servers"]] == ["anna"]
    with pytest.raises(Refused):
        hub.person("anna").log_in()
    again = hub.person("anna", "another password")
    again.log_in()
    hub.run("participants", "remove", "anna")
    time.sleep(5)
    assert is_out(again, "user/anna/api/contents")
    assert hub.status()["servers"] == []


@pytest.mark.long
def test_a_screen_reader_finds_nothing_wrong_on_the_pages(make_hub: Callable[..., Hub], browser: Browser) -> None:
    from axe_playwright_python.sync_playwright import Axe

    hub = make_hub(
        login="codes", participants=["anna"], page={"title": "The course", "text": "Hello.", "colour": "#7a1f5c"}
    )
    hub.run("up")
    (slip,) = slips_of(hub, "sheet", "anna").values()
    for scheme in ("light", "dark"):
        page = browser.new_context(color_scheme=scheme, **PHONE).new_page()
        page.goto(f"{slip['address']}hub/login?language=en")
        assert Axe().run(page).response["violations"] == []
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")  # nothing to scroll sideways
        page.fill("#username_input", "anna")
        page.fill("#password_input", "a wrong one")
        page.click("#login_submit")
        page.wait_for_selector("text=is not right")
        assert Axe().run(page).response["violations"] == []
        log_in_with(page, slip)
        page.wait_for_selector("#new_input")
        assert Axe().run(page).response["violations"] == []
