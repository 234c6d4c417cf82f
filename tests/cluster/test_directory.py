"""Log-in with an institution's directory, and the organiser's own file for JupyterHub, on a real cluster."""

from __future__ import annotations

import subprocess
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from tests.machine.hub.test_own_config import FILE
from tests.machine.hub.test_own_config import TOKEN as OWN_TOKEN
from tests.support.directory import COURSE, PEOPLE, READER, READERS_WORD, SLAPD, STAFF, Campus, campus, word_of
from tests.support.hubs import Person, Refused

from .conftest import Hub, at_work, this_machine

pytestmark = pytest.mark.skipif(SLAPD is None, reason="slapd is not installed")
NAME, PORT = "skrt-hub-faculty", 8773
UNDONE = """
c.KubeSpawner.mem_limit = "900G"
c.KubeSpawner.container_security_context = {}
c.JupyterHub.proxy_class = "jupyterhub.proxy.ConfigurableHTTPProxy"
c.JupyterHub.tornado_settings = {}
c.AccountsAuthenticator.accounts_file = "/tmp/mine.json"
"""
"""What an organiser's file must not undo, beside the kind of spawner."""


@pytest.fixture(scope="module")
def there(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Campus]:
    with campus(tmp_path_factory.mktemp("campus") / "directory", this_machine()) as running:
        yield running


@pytest.fixture(scope="module")
def room(there: Campus, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    one = Hub(tmp_path_factory.mktemp("faculty"), name=NAME, port=PORT)
    subprocess.run(["kubectl", "delete", "namespace", NAME, "--ignore-not-found"], check=True, timeout=200)
    word = one.folder / "word"
    word.write_text(f"{READERS_WORD}\n", encoding="utf-8")
    word.chmod(0o600)
    configure(one, there)
    one.run("up")
    yield one
    one.run("delete", "--volumes", "--namespace", "--no-copies", "--confirm", NAME)


def configure(hub: Hub, there: Campus, **more: Any) -> None:
    asked = {"server": there.encrypted, "authority": str(there.certificate), "base": PEOPLE}
    reader = {"reader": READER, "reader_password_file": "word"}
    groups = {"participant_groups": [COURSE], "organiser_groups": [STAFF]}
    login = {"kind": "ldap", "provider": "Example University", **groups, "directory": {**asked, **reader}}
    hub.configure(login=login, participants=["anna"], **more)


def person(hub: Hub, name: str, word: str | None = None) -> Person:
    one = Person(hub.url, name, word_of(name) if word is None else word)
    one.log_in()
    return one


def status(hub: Hub) -> str:
    return " ".join(hub.run("status")["notes"])


def test_people_of_a_directory_log_in_from_the_hubs_pod(room: Hub, there: Campus) -> None:
    found = {row["name"]: row["found"] for row in room.run("check")["findings"]}
    assert "answers, encrypted" in found["directory"]
    for name in ("anna", "ben"):
        at_work(room, name, word_of(name))
    person(room, "petra")
    for name, word in {"ben": "", "nobody": word_of("nobody"), "*": word_of("ben"), "anna": word_of("ben")}.items():
        with pytest.raises(Refused):
            person(room, name, word)
    rows = {row["name"]: row for row in room.run("participants")["participants"]}
    assert (rows["ben"]["log_in"], rows["petra"]["role"]) == ("institution", "organiser")
    room.run("participants", "disable", "ben")
    with pytest.raises(Refused):
        person(room, "ben")
    room.run("participants", "enable", "ben")
    person(room, "ben")
    said = room.kubectl("logs", "deployment/hub") + (room.state / "kubernetes" / "values.json").read_text("utf-8")
    assert word_of("ben") not in said
    assert READERS_WORD not in said


def test_an_own_file_for_jupyterhub_is_loaded_and_the_hub_holds_together(room: Hub, there: Campus) -> None:
    file = room.folder / "extra.py"
    file.write_text(FILE + UNDONE, encoding="utf-8")
    configure(room, there, hub_config="extra.py")
    assert "hub_config is in use" in " ".join(room.run("up")["lines"])
    said = status(room)
    left_out = ("spawner_class", "mem_limit", "container_security_context", "proxy_class", "tornado_settings")
    assert all(trait in said for trait in (*left_out, "accounts_file")), said
    anna = at_work(room, "anna", word_of("anna"))
    request = urllib.request.Request(f"{room.url}hub/api/users", headers={"Authorization": f"token {OWN_TOKEN}"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        assert b"anna" in answer.read(), "the file's own service"
    anna.end_server(deadline=90)
    at_work(room, "anna", word_of("anna"))
    pods = room.kubectl("get", "pods", "--selector=component=singleuser-server", "--output=yaml")
    assert "seccompProfile" in pods
    assert "900G" not in pods

    file.write_text(f"{FILE}nothing_of_this_name\n", encoding="utf-8")
    assert "runs without hub_config" in " ".join(room.run("up")["lines"])
    assert "nothing_of_this_name" in status(room)
    person(room, "anna")
    configure(room, there)
    room.run("up")
    assert "hub_config" not in status(room)


def test_while_the_directory_is_away_the_page_says_so(room: Hub, there: Campus) -> None:
    person(room, "anna")
    there.process.terminate()
    there.process.wait(10)
    with pytest.raises(Refused, match="cannot be reached"):
        person(room, "anna")
