"""Log-in by a link in a course, against a learning platform that runs on this machine."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser

from tests.support.browsers import PATIENCE, picture
from tests.support.hubs import Hub, Refused
from tests.support.learning_platform import (
    CLIENT,
    COURSE,
    DEPLOYMENT,
    LTI,
    MEMBER,
    Learner,
    LearningPlatform,
    learning_platform,
)
from tests.support.tools import Tool


@pytest.fixture(scope="module")
def platform() -> Iterator[LearningPlatform]:
    with learning_platform() as there:
        yield there


def configure(hub: Hub, there: LearningPlatform, *, participants: Any = (), **login: Any) -> None:
    entered = {"deployments": [DEPLOYMENT], "courses": [COURSE]}
    hub.configure(
        participants=[*participants],
        tls="class",
        login={
            "kind": "lti",
            "issuer": there.issuer,
            "client_id": CLIENT,
            "provider": "Example Moodle",
            "participant_groups": ["Learner"],
            "organiser_groups": ["Instructor"],
            "platform": {
                **{"kind": "other", "log_in": f"{there.issuer}/auth", "keys": f"{there.issuer}/keys"},
                **entered,
            },
            **login,
        },
    )


@pytest.fixture(scope="module")
def hub(own_tool: Tool, platform: LearningPlatform) -> Iterator[Hub]:
    """A hub for the whole module, whose people come from the platform."""
    root = Path(tempfile.mkdtemp(prefix="skrt-hub-test-"))
    root.chmod(0o755)
    made = Hub(own_tool, root)
    configure(made, platform)
    told = made.run("up").stdout
    assert "hub/lti13/oauth_login" in "".join(told.split())
    yield made
    made.remove()


@pytest.fixture
def learner(hub: Hub, platform: LearningPlatform) -> Any:
    def make(sub: str, name: str) -> Learner:
        return Learner(hub.url.replace("http:", "https:"), platform, sub, name)

    return make


def known(hub: Hub) -> dict[str, dict[str, Any]]:
    rows = json.loads(hub.run("participants", "--json").stdout)["participants"]
    return {row["name"]: row for row in rows}


def logged(hub: Hub) -> str:
    return (hub.state / "log" / "hub.log").read_text(encoding="utf-8")


def test_who_comes_in_and_what_is_refused(hub: Hub, platform: LearningPlatform, learner: Any) -> None:
    platform.knows("1", name="Anna Müller", email="maria@uni.example", email_verified=True)
    learner("1", "anna.mueller").log_in()
    platform.knows("2", name="Prof. Petra Staff", **{f"{LTI}roles": [f"{MEMBER}Instructor"]})
    learner("2", "petra.staff").log_in()
    rows = known(hub)
    assert (rows["anna.mueller"]["role"], rows["petra.staff"]["role"]) == ("", "organiser")
    elsewhere = ["http://purl.imsglobal.org/vocab/lis/v2/institution/person#Instructor"]
    now = int(time.time())
    refused: dict[str, dict[str, Any]] = {
        "could not say": {"key": "other"},
        "could not say ": {"exp": now - 600, "iat": now - 900},
        "could not say  ": {"aud": "another-tool"},
        "could not say   ": {"iss": "https://elsewhere.example"},
        "could not say    ": {"nonce": "of-another-log-in"},
        "could not say     ": {"sub": None},
        "does not belong": {f"{LTI}deployment_id": "8"},
        "does not belong ": {f"{LTI}context": {"id": "another-course", "title": "Botany"}},
        "not on the list": {f"{LTI}roles": elsewhere},
    }
    for words, said in refused.items():
        platform.knows("3", **said)
        with pytest.raises(Refused, match=words.strip()):
            learner("3", "?").log_in()
    assert "the deployment '8', which hub.yaml does not name" in logged(hub)
    assert "the course 'another-course' ('Botany')" in logged(hub)
    assert "Traceback" not in logged(hub)


@pytest.mark.long
def test_a_launch_is_good_once_and_in_its_own_browser(hub: Hub, platform: LearningPlatform, learner: Any) -> None:
    platform.knows("4", name="Rita Replay")
    person, stranger = learner("4", "rita.replay"), learner("4", "rita.replay")
    form, kept = person.begin(), person.kept
    assert [(cookie.path, cookie.secure, cookie._rest.get("SameSite")) for cookie in kept] == [("/", True, "None")]
    with pytest.raises(Refused, match="begin again"):
        stranger.come_back(form)
    with pytest.raises(Refused, match="begin again"):
        person.come_back({**form, "state": "x"})
    form, kept = person.begin(), person.kept
    person.come_back(form)
    for cookie in kept:  # somebody who kept it
        person.cookies.set_cookie(cookie)
    with pytest.raises(Refused, match="begin again"):
        person.come_back(form)
    mixed = {**person.begin(), "id_token": form["id_token"]}  # what the platform said at another time
    with pytest.raises(Refused, match="could not say"):
        person.come_back(mixed)
    for wrong in ({"iss": "https://elsewhere.example"}, {"client_id": "another"}, {"login_hint": ""}):
        with pytest.raises(Refused, match="begin again"):
            person.begin(**wrong)
    assert form["id_token"] not in logged(hub)


@pytest.mark.long
def test_the_link_opens_a_lab_in_a_browser_and_a_disabled_learner_is_told(
    hub: Hub, platform: LearningPlatform, browser: Browser
) -> None:
    platform.knows("5", name="Berta Browser")
    url = hub.url.replace("http:", "https:")
    page = browser.new_context(ignore_https_errors=True, viewport={"width": 390, "height": 844}).new_page()

    def open_the_link() -> None:
        page.goto(f"{platform.issuer}/course?sub=5&hub={url}")
        page.get_by_role("button", name="Open").click()  # the platform begins, with a form of its own
        page.get_by_role("heading", name="Back to the hub").wait_for()
        page.get_by_role("button", name="Open").click()  # another site's form: cookies for one site alone stay at home

    page.goto(f"{url}hub/login")
    page.get_by_text("is opened from your course at Example Moodle").wait_for()
    picture(page, "learning-platform-log-in")
    assert Axe().run(page).response["violations"] == []
    open_the_link()
    page.wait_for_url("**/user/berta.browser/lab**", timeout=PATIENCE)
    hub.run("participants", "disable", "berta.browser")
    open_the_link()
    page.get_by_text("switched off for now").wait_for()
    picture(page, "learning-platform-disabled")
    assert Axe().run(page).response["violations"] == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")  # nothing to scroll sideways
    hub.run("participants", "enable", "berta.browser")
    open_the_link()
    page.wait_for_url("**/user/berta.browser/lab**", timeout=PATIENCE)
    platform.knows("5", name="Berta Changed", email="other@uni.example")
    open_the_link()  # the same mark is the same person, whatever the name is now
    page.wait_for_url("**/user/berta.browser/lab**", timeout=PATIENCE)


@pytest.mark.long
def test_from_passwords_to_the_platform_homes_stay(make_hub: Any, platform: LearningPlatform, learner: Any) -> None:
    hub = make_hub()
    hub.run("up")
    hub.at_work("anna")
    (hub.state / "homes" / "anna" / "work.txt").write_text("anna", encoding="utf-8")
    configure(hub, platform, participants=[{"login": "anna", "email": "anna@uni.example"}])
    assert "nobody would get back the home of anna" in " ".join(hub.run("up", code=12).stderr.split())
    configure(hub, platform, participants=[{"login": "anna", "known_as": "11"}])
    assert "anna: for whom Example Moodle calls 11" in " ".join(hub.run("check", code=None).stdout.split())
    hub.run("up")
    platform.knows("11", name="Somebody Else")
    person = Learner(hub.url.replace("http:", "https:"), platform, "11", "anna")
    person.log_in()
    status, _, text = person.get("user/anna/files/work.txt")
    assert (status, text) == (200, "anna")


@pytest.mark.long
def test_before_the_platform_knows_the_hub_it_says_what_to_enter(make_hub: Any, platform: LearningPlatform) -> None:
    hub = make_hub()
    configure(hub, platform, client_id="", platform={"kind": "canvas"}, issuer="")
    told = "".join(hub.run("up").stdout.split())
    assert "JSONURL:" in told and "hub/lti13/config" in told and "`client_id:...`" in told
    person = Learner(hub.url.replace("http:", "https:"), platform, "1", "?")
    entry = json.loads(person.get("hub/lti13/config")[2])
    assert entry["oidc_initiation_url"] == f"{person.url}hub/lti13/oauth_login"
    assert json.loads(person.get("hub/lti13/keys")[2]) == {"keys": []}
    with pytest.raises(Refused, match="not yet known"):
        person.begin()
