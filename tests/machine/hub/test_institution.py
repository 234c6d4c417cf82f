"""Log-in at an institution, against a provider that runs on this machine."""

from __future__ import annotations

import base64
import json
import tempfile
import time
import urllib.error
import urllib.parse
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from skrt_hub.layout import Layout
from tests.support.browsers import PATIENCE
from tests.support.hubs import Hub, Refused
from tests.support.institution import SECRET, Institution, Member, institution
from tests.support.tools import Tool

LISTED = [
    {"name": "Anna Müller", "email": "anna@uni.example"},
    {"name": "Jürgen Weiß", "email": "weiss@uni.example"},
    {"login": "maria", "email": "maria@uni.example"},
]


@pytest.fixture(scope="module")
def campus() -> Iterator[Institution]:
    with institution() as there:
        yield there


def configure(hub: Hub, campus: Institution, *, participants: Any = LISTED, **login: Any) -> None:
    secret = hub.root / "secret"
    secret.write_text(f"{SECRET}\n", encoding="utf-8")
    secret.chmod(0o600)
    hub.configure(
        participants=participants,
        organisers=["maria"],
        login={
            "kind": "oidc",
            "issuer": campus.issuer,
            "client_id": "skrt-hub",
            "client_secret_file": "secret",
            "provider": "Example University",
            "participant_groups": ["course"],
            "organiser_groups": ["staff"],
            **login,
        },
    )


@pytest.fixture(scope="module")
def hub(own_tool: Tool, campus: Institution) -> Iterator[Hub]:
    """A hub for the whole module, whose people log in at the institution."""
    root = Path(tempfile.mkdtemp(prefix="skrt-hub-test-"))
    root.chmod(0o755)
    made = Hub(own_tool, root)
    configure(made, campus)
    told = made.run("up").stdout
    assert f"{made.url}hub/oauth_callback" in told  # what to register at the provider
    yield made
    made.remove()


def known(hub: Hub) -> dict[str, dict[str, Any]]:
    rows = json.loads(hub.run("participants", "--json").stdout)["participants"]
    return {row["name"]: row for row in rows}


@pytest.mark.long
def test_a_listed_person_logs_in_with_a_browser_and_gets_a_lab(hub: Hub, campus: Institution, browser: Browser) -> None:
    campus.knows("u-1", name="Anna Müller", email="anna@uni.example", email_verified=True)
    page = browser.new_context().new_page()
    page.goto(hub.url, timeout=PATIENCE)
    page.get_by_role("link", name="Log in at Example University").click()
    page.locator('input[name="sub"]').fill("u-1")
    page.get_by_role("button", name="Authorize").click()
    page.wait_for_url("**/user/anna.mueller/lab**", timeout=PATIENCE)
    page.locator(".jp-Launcher, .jp-NotebookPanel, .jp-MarkdownViewer, #jp-main-dock-panel").first.wait_for(
        timeout=PATIENCE
    )
    assert known(hub)["anna.mueller"]["log_in"] == "institution"
    assert SECRET not in (hub.state / "log" / "hub.log").read_text(encoding="utf-8")


def test_who_may_come_in_and_as_whom(hub: Hub, campus: Institution) -> None:
    campus.knows("u-2", name="Anna Müller", email="anna@uni.example", email_verified=False)
    with pytest.raises(Refused, match="not on the list"):  # says that she is Anna, and nobody verified it
        Member(hub.url, "u-2", "?").log_in()
    campus.knows("u-2", name="Anna Müller", email="other@uni.example", email_verified=True, groups=["course"])
    Member(hub.url, "u-2", "anna.mueller2").log_in()
    assert "anna.mueller2" in known(hub)
    campus.knows("u-3", name="maria", preferred_username="maria", groups=["course"])
    Member(hub.url, "u-3", "maria2").log_in()  # the organiser's name is not to be had
    rows = known(hub)
    assert rows["maria2"]["role"] == ""
    assert rows["maria"]["log_in"] == ""
    campus.knows("u-4", name="Prof. Petra Staff", groups=["staff"])
    Member(hub.url, "u-4", "petra.staff").log_in()
    assert known(hub)["petra.staff"]["role"] == "organiser"


@pytest.mark.long
def test_a_changed_address_keeps_the_home_and_disable_ends_the_log_in(hub: Hub, campus: Institution) -> None:
    campus.knows("u-5", name="Jürgen Weiß", email="weiss@uni.example", email_verified=True)
    person = Member(hub.url, "u-5", "juergen.weiss")
    person.log_in()
    person.get("hub/spawn")
    person.server()
    campus.knows("u-5", name="Jürgen Schwarz", email="schwarz@uni.example", email_verified=True)
    again = Member(hub.url, "u-5", "juergen.weiss")
    again.log_in()
    assert again.get("user/juergen.weiss/lab")[0] == 200
    hub.run("participants", "disable", "juergen.weiss")
    assert "/hub/login" in again.get("hub/home")[1]
    with pytest.raises(Refused, match="switched off"):
        again.log_in()
    hub.run("participants", "enable", "juergen.weiss")
    again.log_in()
    hub.run("participants", "remove", "juergen.weiss")
    with pytest.raises(Refused, match="not on the list"):  # nor under a new name
        Member(hub.url, "u-5", "?").log_in()


@pytest.mark.long
def test_a_log_in_is_good_once_and_in_its_own_browser(hub: Hub, campus: Institution) -> None:
    campus.knows("u-6", name="Rita Replay", groups=["course"])
    person = Member(hub.url, "u-6", "rita.replay")
    _, address, _ = person.get("hub/oauth_login")
    state = urllib.parse.parse_qs(urllib.parse.urlsplit(address).query)["state"][0]
    kept = [cookie for cookie in person.cookies if cookie.name == "oauthenticator-state"]
    assert [cookie.path for cookie in kept] == ["/hub/"]
    stranger = Member(hub.url, "u-6", "rita.replay")
    status, _, page = stranger.get(f"hub/oauth_callback?code=anything&state={state}")
    assert status == 403 and "begin again" in page
    person.agree(address)
    for cookie in kept:  # somebody who kept it
        person.cookies.set_cookie(cookie)
    status, _, page = person.get(f"hub/oauth_callback?code=anything&state={state}")
    assert status == 403 and "begin again" in page
    for sent in ("e30=", "W10=", "%C3%A4", base64.urlsafe_b64encode(b'{"state_id": "x"}').decode()):
        other = Member(hub.url, "u-6", "rita.replay")
        _, address, _ = other.get("hub/oauth_login")
        status, _, page = other.get(f"hub/oauth_callback?code=a-secret-code&state={sent}")
        assert status == 403 and "begin again" in page
    log = (hub.state / "log" / "hub.log").read_text(encoding="utf-8")
    assert "a-secret-code" not in log and "Traceback" not in log


@pytest.mark.long
def test_a_flood_of_bad_ways_back_is_counted(hub: Hub) -> None:
    log = hub.state / "log" / "hub.log"
    stranger, before = Member(hub.url, "u-7", "?"), log.read_text(encoding="utf-8").count("\n")
    for _ in range(300):
        assert stranger.get("hub/oauth_callback?code=anything&state=e30=")[0] == 403
    assert log.read_text(encoding="utf-8").count("\n") - before < 200


@pytest.mark.long
def test_a_session_ends_after_its_time_and_the_server_stays(hub: Hub, campus: Institution) -> None:
    campus.knows("u-8", name="Sina Session", groups=["course"])
    person = Member(hub.url, "u-8", "sina.session")
    person.log_in()
    person.get("hub/spawn")
    person.server()
    file = Layout(hub.state).accounts
    document = json.loads(file.read_text(encoding="utf-8"))
    document["accounts"]["sina.session"]["logged_in"] -= 12 * 3600  # that time has gone by
    file.write_text(json.dumps(document), encoding="utf-8")
    deadline = time.monotonic() + 20
    while "/hub/login" not in person.get("user/sina.session/lab")[1]:
        assert time.monotonic() < deadline, "the log-in does not end"
        time.sleep(0.5)
    servers = json.loads(hub.run("status", "--json").stdout)["servers"]
    assert "sina.session" in [server["name"] for server in servers]
    person.log_in()
    assert person.get("user/sina.session/lab")[0] == 200


@pytest.mark.long
def test_a_name_and_a_password_are_nobodys(hub: Hub) -> None:
    person = hub.person("maria")
    person.get("hub/login")
    key = next(cookie.value for cookie in person.cookies if cookie.name == "_xsrf")
    form = urllib.parse.urlencode({"_xsrf": key, "username": "maria", "password": "correct horse"}).encode()
    for path, said in {"hub/login": "takes no passwords", "hub/choose-password": "", "hub/password": ""}.items():
        with pytest.raises(urllib.error.HTTPError) as caught:
            person._opener.open(hub.url + path, form, 60)
        assert caught.value.code in (403, 404)
        assert said in caught.value.read().decode()


@pytest.mark.long
def test_a_hub_with_passwords_goes_over_and_everybody_keeps_the_home(
    make_hub: Callable[..., Hub], campus: Institution
) -> None:
    hub = make_hub()
    hub.run("up")
    for name in ("anna", "ben"):
        hub.at_work(name)
        (hub.state / "homes" / name / "work.txt").write_text(name, encoding="utf-8")
    configure(hub, campus)
    said = hub.run("up", code=12).stderr
    assert "nobody would get back the homes of anna, ben" in " ".join(said.split())
    hub.at_work("anna")  # all is as it was
    people = [{"login": "anna", "email": "anna@campus.example"}, {"login": "ben", "known_as": "mark-of-ben"}]
    configure(hub, campus, participants=people)
    assert "anna: for whoever proves anna@campus.example at Example University" in " ".join(
        hub.run("check", code=None).stdout.split()
    )
    hub.run("up")
    campus.knows("c-1", name="Ben", email="anna@campus.example", email_verified=True)
    campus.knows("mark-of-ben", name="Anna", groups=["course"])
    campus.knows("c-2", name="Ben", preferred_username="ben", groups=["course"])
    for mark, name in {"c-1": "anna", "mark-of-ben": "ben"}.items():
        person = Member(hub.url, mark, name)
        person.log_in()
        status, _, text = person.get(f"user/{name}/files/work.txt")
        assert (status, text) == (200, name)
    Member(hub.url, "c-2", "ben2").log_in()
    hub.configure()
    hub.run("up")
    with pytest.raises(Refused):
        hub.person("ben2", "a word of my own").log_in()  # nobody chooses a password for a name of the institution
    hub.at_work("anna")


@pytest.mark.long
def test_check_says_what_is_wrong_with_a_provider(make_hub: Callable[..., Hub], campus: Institution) -> None:
    hub = make_hub()
    wrong = {
        f"{campus.issuer}/": "calls itself",
        f"{campus.issuer}/nowhere": "answers 404",
        "http://127.0.0.1:9": "cannot be reached",
    }
    for issuer, words in wrong.items():
        configure(hub, campus, issuer=issuer)
        said = hub.run("check", code=None).stdout
        assert words in " ".join(said.split()), said
    configure(hub, campus)
    (hub.root / "secret").chmod(0o644)
    said = hub.run("up", code=3).stderr
    assert "chmod 600" in said
