"""Log-in with the names and passwords of a directory, at a hub that runs."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser

from tests.support.browsers import PATIENCE, needs_chromium, picture
from tests.support.directory import COURSE, PEOPLE, READER, READERS_WORD, SLAPD, STAFF, Campus, campus, word_of
from tests.support.hubs import Hub, Refused

PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}
pytestmark = [pytest.mark.long, pytest.mark.skipif(SLAPD is None, reason="slapd is not installed")]


def configure(hub: Hub, there: Campus, **directory: Any) -> None:
    word = hub.root / "word"
    word.write_text(f"{READERS_WORD}\n", encoding="utf-8")
    word.chmod(0o600)
    hub.configure(
        participants=["anna"],
        login={
            "kind": "ldap",
            "provider": "Example University",
            "participant_groups": [COURSE],
            "organiser_groups": [STAFF],
            "directory": {
                "server": there.encrypted,
                "authority": str(there.certificate),
                "base": PEOPLE,
                "reader": READER,
                "reader_password_file": "word",
                **directory,
            },
        },
    )


def test_people_of_a_directory_log_in(make_hub: Callable[..., Hub], tmp_path: Path) -> None:
    hub = make_hub()
    with campus(tmp_path / "directory") as there:
        configure(hub, there)
        assert "answers, encrypted" in " ".join(hub.run("check", code=None).stdout.split())
        hub.run("up")
        for name in ("anna", "ben"):
            person = hub.person(name, word_of(name))
            person.log_in()
            person.get("hub/spawn")
            person.server()
        hub.person("petra", word_of("petra")).log_in()
        for name, word in {"ben": "", "nobody": word_of("nobody"), "*": word_of("ben")}.items():
            with pytest.raises(Refused):
                hub.person(name, word).log_in()
        rows = {row["name"]: row for row in json.loads(hub.run("participants", "--json").stdout)["participants"]}
        assert (rows["ben"]["log_in"], rows["petra"]["role"]) == ("institution", "organiser")
        hub.run("participants", "disable", "ben")
        with pytest.raises(Refused):
            hub.person("ben", word_of("ben")).log_in()
        log = (hub.state / "log" / "hub.log").read_text(encoding="utf-8")
        assert word_of("ben") not in log and READERS_WORD not in log
    with pytest.raises(Refused, match="cannot be reached"):
        hub.person("anna", word_of("anna")).log_in()
    said = " ".join(hub.run("check", code=None).stdout.split())
    assert "refused" in said and "login.directory" in said
    assert "/hub/login" in person.get("user/ben/lab")[1]  # who was switched off


@needs_chromium
def test_the_page_on_a_phone(make_hub: Callable[..., Hub], tmp_path: Path, browser: Browser) -> None:
    hub = make_hub()
    with campus(tmp_path / "directory") as there:
        configure(hub, there)
        hub.run("up")
        for language, wrong in (("en-GB", "is not right"), ("de-DE", "stimmt nicht")):
            phone = browser.new_context(**PHONE, locale=language, color_scheme="dark").new_page()
            phone.set_default_timeout(PATIENCE)
            phone.goto(f"{hub.url}hub/login?next=%2Fhub%2Fhome")
            assert Axe().run(phone).response["violations"] == []
            assert phone.evaluate("document.documentElement.scrollWidth <= innerWidth")
            picture(phone, f"directory-phone-{language}", whole=True)
            phone.fill("#username_input", "ben")
            phone.fill("#password_input", "guessed")
            phone.click("#login_submit")
            assert wrong in phone.inner_text("[role=alert]:visible").lower()
            assert Axe().run(phone).response["violations"] == []
            phone.fill("#password_input", word_of("ben"))
            phone.click("#login_submit")
            phone.wait_for_url("**/hub/home")
