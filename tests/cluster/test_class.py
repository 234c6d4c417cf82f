"""A class on a real cluster: codes and slips, a browser, disabling and resetting, taking out, the class's word."""

from __future__ import annotations

import asyncio
import json
import subprocess
import time
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.support.aside import run_aside

from .conftest import Hub
from .participant import Participant

TABLE = """\
Nachname;Vorname;E-Mail;Gruppe
Müller;Anna;anna.mueller@uni.example;A
Ångström;Åsa;;A
O’Brien;Seán;;B
"""
LOGO = '<svg xmlns="http://www.w3.org/2000/svg" width="64" height="64"><circle cx="32" cy="32" r="30"/></svg>'
PASSWORD = "ein guter Satz"
PATIENCE = 240_000


@pytest.fixture(scope="module")
def room(hub: Hub) -> Iterator[Hub]:
    """The hub as a class with codes, which had a participant with a password and a file before."""
    hub.configure()
    hub.run("up")
    run_aside(at_work(hub, "ana", write="kept.txt"))
    (hub.folder / "class.csv").write_text(f"{TABLE};ana;;B\n", encoding="utf-8")
    (hub.folder / "logo.svg").write_text(LOGO, encoding="utf-8")
    configure(hub)
    told = hub.run("up")
    assert any("First log-in of the organiser tutor" in note for note in told["lines"])
    yield hub
    hub.configure()
    hub.run("up")


def configure(hub: Hub, **more: Any) -> None:
    page = {"title": "Der Kurs", "text": "Raum 12", "logo": "logo.svg"}
    hub.configure(login={"kind": "codes"}, participants="class.csv", organisers=["tutor"], page=page, **more)


async def at_work(hub: Hub, name: str, *, password: str = Participant.password, write: str = "") -> str | None:
    """Log in, start the server, write or read a file."""
    async with Participant(hub.url, name, password) as one:
        await one.log_in()
        await one.server()
        if write:
            await one.write(write, "kept")
        return await one.read("kept.txt")


def slips_of(hub: Hub, *words: str) -> dict[str, dict[str, Any]]:
    file = hub.folder / "slips.json"
    hub.run("participants", *words, "--to", str(file))
    assert file.stat().st_mode & 0o077 == 0
    return {slip["login"]: slip for slip in json.loads(file.read_text(encoding="utf-8"))}


def log_in_with(page: Page, slip: dict[str, Any]) -> None:
    page.goto("about:blank")  # a new fragment alone loads nothing
    page.goto(slip["link"])
    page.wait_for_function("document.querySelector('#password_input').value !== ''")
    page.click("#login_submit")


def new_page(browser: Browser) -> Page:
    page = browser.new_context(locale="de-DE").new_page()
    page.set_default_timeout(PATIENCE)
    return page


def test_a_password_from_before_the_codes_is_still_good(room: Hub) -> None:
    assert run_aside(at_work(room, "ana")) == "kept"


def test_from_the_slip_to_disable_and_reset_in_a_browser(room: Hub, browser: Browser) -> None:
    slips = slips_of(room, "sheet")
    assert set(slips) == {"anna.mueller", "aasa.aangstroem", "sean.obrien", "tutor"}
    slip, name = slips["aasa.aangstroem"], "aasa.aangstroem"
    page = new_page(browser)
    page.goto(room.url)
    assert page.evaluate("document.querySelector('img').naturalWidth") > 0, "the logo"
    assert {"Der Kurs", "Raum 12", "Anmelden"} <= set(page.inner_text("body").split("\n"))
    log_in_with(page, slip)
    page.wait_for_selector("#new_input")
    page.fill("#new_input", PASSWORD)
    page.fill("#again_input", PASSWORD)
    page.click("#password_submit", no_wait_after=True)
    page.wait_for_selector("#jp-main-dock-panel")

    room.run("participants", "disable", name)
    began = time.monotonic()
    while page.goto(f"{room.url}user/{name}/api/contents") and "/login" not in page.url:
        assert time.monotonic() - began < 5
    page.fill("#username_input", name)
    page.fill("#password_input", PASSWORD)
    page.click("#login_submit")
    page.wait_for_selector("text=zurzeit gesperrt")
    assert name not in {server["name"] for server in room.run("status")["servers"] if server["state"] == "running"}

    room.run("participants", "enable", name)
    new = slips_of(room, "reset", name)[name]
    log_in_with(page, slip)  # the old one is void
    page.wait_for_selector(".login_error:visible")
    log_in_with(page, new)
    page.wait_for_selector("#new_input")


def test_a_reset_ends_the_log_in_and_not_the_server(room: Hub) -> None:
    async def stays() -> tuple[int, int]:
        async with Participant(room.url, "ana") as ana:
            await ana.log_in()
            await ana.server()
            before = await ana.page("api/contents")
            await asyncio.to_thread(room.run, "participants", "reset", "ana")
            await asyncio.sleep(5)
            async with ana._web.get(f"{ana.base}api/contents", allow_redirects=False) as answer:
                return before, answer.status

    before, after = run_aside(stays())
    assert before == 200
    assert after in (302, 403)
    assert "ana" in {server["name"] for server in room.run("status")["servers"]}
    with pytest.raises(PermissionError):
        run_aside(at_work(room, "ana"))
    set_password(room, "ana", PASSWORD)
    assert run_aside(at_work(room, "ana", password=PASSWORD)) == "kept"


def set_password(hub: Hub, name: str, password: str) -> None:
    typed(hub, "password", name, password)


def typed(hub: Hub, *words: str) -> None:
    """A command about log-ins, with the last word on its standard input."""
    *command, secret = words
    done = subprocess.run(
        hub.command("participants", *command), input=f"{secret}\n", text=True, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_who_was_removed_is_locked_and_a_freed_name_is_somebody_elses(room: Hub) -> None:
    room.run("participants", "remove", "ana")
    with pytest.raises(PermissionError):
        run_aside(at_work(room, "ana", password=PASSWORD))
    claims = room.kubectl("get", "persistentvolumeclaims", "--output=name")
    assert "claim-ana" in claims, "the home is kept"
    room.run("participants", "remove", "ana", "--free")
    room.run("participants", "add", "ana")
    set_password(room, "ana", "of the other ana")
    assert run_aside(at_work(room, "ana", password="of the other ana")) is None, "an empty home"


def test_one_is_erased_with_the_volume_that_was_moved_aside(room: Hub) -> None:
    copies = str(room.folder / "copies")
    room.run("save", "--to", copies)
    assert '"ana' in room.kubectl("get", "persistentvolumeclaims", "--output=json")
    room.run("participants", "erase", "ana", code=12)
    told = room.run("participants", "erase", "ana", "--confirm", "ana")
    assert any("reclaimPolicy" in line for line in told["lines"]), "what it cannot reach is named"
    assert '"ana' not in room.kubectl("get", "persistentvolumeclaims", "--output=json")
    assert "ana" not in {person["name"] for person in room.run("participants")["participants"]}
    assert all("ana" not in save["people"] for save in room.run("saves", "list", "--from", copies)["saves"])
    room.run("saves", "verify", "--from", copies)


def test_verify_and_collect_work_with_a_list(room: Hub) -> None:
    set_password(room, "anna.mueller", PASSWORD)
    run_aside(at_work(room, "anna.mueller", password=PASSWORD, write="report.txt"))
    room.run("collect", "report.txt", "--to", str(room.folder / "collected"))
    found = list((room.folder / "collected").rglob("report.txt"))
    assert [file.read_text() for file in found] == ["kept"]


def test_without_internet_the_policies_let_nothing_out_and_check_says_what_that_needs(room: Hub) -> None:
    configure(room, limits={"internet": False})
    told = {finding["name"]: finding for finding in room.run("check")["findings"]}
    assert "enforces" in told["network policies"]["found"]
    room.run("up")
    policy = json.loads(room.kubectl("get", "networkpolicy", "singleuser", "--output=json"))
    ways = [to for rule in policy["spec"]["egress"] for to in rule.get("to", [])]
    blocks = [way["ipBlock"]["cidr"] for way in ways if "ipBlock" in way]
    assert "0.0.0.0/0" not in blocks


def test_the_classs_word_takes_a_new_name(room: Hub) -> None:
    room.configure(login={"kind": "class-password"})
    room.run("up")
    typed(room, "class-password", "sunny garden")

    async def first_time(word: str) -> str:
        async with Participant(room.url, "newcomer", word) as one:
            form = {"username": one.name, "password": word}
            async with one._web.get(f"{room.url}hub/login"):
                form["_xsrf"] = one._xsrf("/hub/")
            async with one._web.post(f"{room.url}hub/login?next=%2Fhub%2F", data=form) as answer:
                return f"{answer.status} {answer.url}"

    assert "choose-password" not in run_aside(first_time("rainy garden"))
    assert "choose-password" in run_aside(first_time("sunny garden"))
