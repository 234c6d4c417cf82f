"""The commands on a real hub: up, status, close, open, stop, start, delete, and what each keeps."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.hubs import Hub, Refused
from tests.support.tools import Tool


def home_of(hub: Hub, folder: str) -> Path:
    return hub.state / "homes" / folder


def test_a_hub_from_up_to_delete(tool: Tool, make_hub: Callable[..., Hub]) -> None:
    hub = make_hub(tool)
    assert hub.status()["state"] == "absent"
    hub.run("check")
    up = hub.run("up")
    assert hub.url in up.stdout
    anna = hub.person("anna")
    anna.log_in()
    assert "/user/anna/" in anna.server()
    anna.api("PUT", "api/contents/notes.txt", {"type": "file", "format": "text", "content": "kept"})

    status = hub.status()
    assert (status["state"], status["target"], status["url"], status["login"]) == (
        "running",
        "machine",
        hub.url,
        "first-use",
    )
    assert [(server["name"], server["state"]) for server in status["servers"]] == [("anna", "running")]
    assert 10_000_000 < status["servers"][0]["memory"] < 1_000_000_000

    again = hub.run("up")
    assert "nothing was changed" in again.stdout
    anna.api("POST", "api/kernels", {"name": "python3"})
    kernels = [kernel["id"] for kernel in anna.api("GET", "api/kernels")]
    hub.configure(participants=["anna"], organisers=["maria"])
    assert "has changed" in hub.run("status").stdout
    hub.run("up")
    with pytest.raises(Refused, match="not right"):
        hub.person("bob").log_in()
    assert [kernel["id"] for kernel in anna.api("GET", "api/kernels")] == kernels

    hub.run("participants", "password", "maria", input="a good sentence\n")
    maria = hub.person("maria", "a good sentence")
    maria.log_in()
    code, _, page = maria.get("services/class/")
    assert code == 200 and "person?name=anna" in page
    assert anna.get("services/class/")[0] == 403

    hub.run("stop")
    assert hub.status()["state"] == "stopped"
    assert hub.status()["servers"] == []
    hub.run("start")
    anna.log_in()
    anna.server()
    assert anna.api("GET", "api/contents/notes.txt")["content"] == "kept"

    refused = hub.run("delete", code=12)
    assert "keep" in refused.stdout and str(hub.state / "homes") in refused.stdout
    hub.run("delete", "--homes", "--confirm", f"test-{hub.port}", code=12)
    assert hub.status()["state"] == "running"
    hub.run("delete", "--homes", "--no-copies", "--confirm", f"test-{hub.port}")
    assert [str(path) for path in hub.state.rglob("*")] == []
    assert not hub.state.exists()


@pytest.mark.long
def test_what_delete_keeps_is_there_at_the_next_up(tool: Tool, make_hub: Callable[..., Hub]) -> None:
    hub = make_hub(tool)
    hub.run("up")
    anna = hub.at_work("anna")
    anna.api("PUT", "api/contents/notes.txt", {"type": "file", "format": "text", "content": "kept"})
    hub.run("delete", "--confirm", f"test-{hub.port}")
    assert hub.status()["state"] == "absent"
    assert "kept" in (home_of(hub, "anna") / "notes.txt").read_text(encoding="utf-8")

    hub.run("up")
    with pytest.raises(Refused, match="taken"):
        hub.person("anna", "another password").log_in()
    anna.log_in()
    anna.server()
    assert anna.api("GET", "api/contents/notes.txt")["content"] == "kept"


@pytest.mark.long
def test_closing_disconnects_and_keeps_servers_and_kernels(running: Hub) -> None:
    hub = running
    anna = hub.at_work("anna")
    anna.api("POST", "api/kernels", {"name": "python3"})
    kernels = [kernel["id"] for kernel in anna.api("GET", "api/kernels")]
    before = hub.status()
    hub.run("close")
    assert hub.status()["state"] == "closed"
    status, _, page = anna.get("hub/login")  # the address is never let go: nobody else may answer there
    assert status == 503 and "closed for now" in page
    assert "already" in hub.run("close").stdout
    hub.run("open", "--no-browser")
    assert hub.status()["state"] == "running"
    assert [kernel["id"] for kernel in anna.api("GET", "api/kernels")] == kernels
    after = hub.status()
    assert [s["name"] for s in before["servers"]] == [s["name"] for s in after["servers"]]


@pytest.mark.long
def test_passwords_and_removal_touch_no_file(make_hub: Callable[..., Hub]) -> None:
    hub = make_hub(admins=["teacher"])
    hub.run("up")
    anna = hub.at_work("anna")
    anna.api("PUT", "api/contents/notes.txt", {"type": "file", "format": "text", "content": "kept"})
    with pytest.raises(Refused, match="manages the hub"):
        hub.person("teacher").log_in()
    hub.run("participants", "password", "teacher", input="the organiser's\n")
    hub.person("teacher", "the organiser's").log_in()
    hub.run("participants", "password", "anna", input="short\n", code=12)
    hub.run("participants", "password", "Anna", input="another one\n")
    with pytest.raises(Refused):
        hub.person("anna").log_in()
    again = hub.person("anna", "another one")
    again.log_in()
    time.sleep(2.5)  # the order to end what was before is carried out each second, and must not end this
    assert "/hub/login" not in again.get("hub/home")[1]
    rows = {row["name"]: row for row in json.loads(hub.run("participants", "--json").stdout)["participants"]}
    assert rows["anna"]["password"] and rows["anna"]["server"] and rows["teacher"]["admin"]
    hub.run("participants", "remove", "anna")
    assert [server["name"] for server in hub.status()["servers"]] == ["teacher"]
    assert (hub.state / "homes/anna/notes.txt").read_text(encoding="utf-8") == "kept"
    with pytest.raises(Refused):  # neither with the old password nor as somebody new
        hub.person("anna", "another one").log_in()
    with pytest.raises(Refused):
        hub.person("anna", "somebody else").log_in()
    hub.run("participants", "remove", "anna", "--free")
    kept = list((hub.state / "homes").glob("removed-anna-*/notes.txt"))
    assert [file.read_text(encoding="utf-8") for file in kept] == ["kept"]
    hub.person("anna", "somebody else").log_in()
    assert "Nobody is called" in hub.run("participants", "remove", "zoe", code=18).stderr


@pytest.mark.long
def test_two_hubs_side_by_side_know_nothing_of_each_other(make_hub: Callable[..., Hub]) -> None:
    one, other = make_hub(), make_hub()
    one.run("up")
    other.run("up")
    one.person("anna", "first password").log_in()
    other.person("anna", "second password").log_in()
    with pytest.raises(Refused):
        one.person("anna", "second password").log_in()
    one.run("stop")
    assert other.status()["state"] == "running"


@pytest.mark.long
def test_changed_settings_are_applied_and_servers_stay(running: Hub) -> None:
    hub = running
    anna = hub.at_work("anna")
    anna.api("POST", "api/kernels", {"name": "python3"})
    kernels = [kernel["id"] for kernel in anna.api("GET", "api/kernels")]
    hub.configure(participants=["anna"])
    assert "has changed" in hub.run("status").stdout
    hub.run("up")
    with pytest.raises(Refused, match="not right"):
        hub.person("bob").log_in()
    assert [kernel["id"] for kernel in anna.api("GET", "api/kernels")] == kernels
    hub.configure()
    hub.run("up")
    hub.person("bob").log_in()


@pytest.mark.parametrize("name", ["Anna Müller", "o'neil@hospital.org", "用户", "x" * 100, "--bind", "a.b"])
def test_any_name_gets_an_own_home(running: Hub, name: str) -> None:
    person = running.person(name)
    person.log_in()
    person.name = name.lower()
    person.server()
    person.api("PUT", "api/contents/mine.txt", {"type": "file", "format": "text", "content": name})
    table = json.loads((running.state / "hub/folders.json").read_text(encoding="utf-8"))["participants"]
    folder = next(row["folder"] for row in table if row["name"] == name.lower())
    assert (home_of(running, folder) / "mine.txt").read_text(encoding="utf-8") == name


def test_nobody_enters_anothers_workspace(running: Hub) -> None:
    anna, bob = running.person("anna"), running.person("bob")
    for person in (anna, bob):
        person.log_in()
        person.server()
    status, address, _ = bob.get("user/anna/api/contents")
    assert status in (403, 404) or "/hub/login" in address or "/oauth2/" in address
    status, _, _ = bob.get("hub/api/users")
    assert status == 403
    with pytest.raises(Refused, match="taken"):
        running.person("anna", "guess guess").log_in()


@pytest.mark.parametrize(("scheme", "secure"), [("https", True), ("http", False)])
def test_behind_an_encrypted_front_log_ins_are_for_encrypted_pages_only(
    running: Hub, scheme: str, secure: bool
) -> None:
    visitor = running.person("front-anna")
    visitor.headers.append(("X-Forwarded-Proto", scheme))
    visitor.log_in()
    log_in = next(cookie for cookie in visitor.cookies if cookie.name == "jupyterhub-session-id")
    assert log_in.secure is secure


def test_logs_of_each_part_and_of_a_participant(running: Hub) -> None:
    running.person("anna").log_in()
    assert "JupyterHub" in running.run("logs", "hub", "--lines", "1000").stdout
    assert "started, pid" in running.run("logs", "supervisor").stdout
    assert "no log of" in running.run("logs", "nobody", code=18).stderr


def test_the_state_folder_is_closed_to_others(running: Hub) -> None:
    for part in ("secrets", "hub", "log", "run"):
        assert (running.state / part).stat().st_mode & 0o077 == 0, part
    for secret in (running.state / "secrets").iterdir():
        text = secret.read_text(encoding="ascii").strip()
        for log in (running.state / "log").glob("*.log"):
            assert text not in log.read_text(encoding="utf-8", errors="replace"), log


@pytest.mark.long
def test_the_fork_server_can_be_switched_off_and_on(make_hub: Callable[..., Hub]) -> None:
    hub = make_hub(fork_server=False)
    hub.run("up")
    hub.at_work("anna")
    assert hub.status()["components"]["fork-server"] == "not running"
    hub.configure(fork_server=True)
    hub.run("up")
    end = time.monotonic() + 40
    while hub.status()["components"]["fork-server"] == "not running":
        assert time.monotonic() < end
    hub.configure(fork_server=False)
    hub.run("up")
    assert hub.status()["components"]["fork-server"] == "not running"
    assert [server["name"] for server in hub.status()["servers"]] == ["anna"]
