"""A folder that a group shares, as its people, somebody else and the organiser meet it."""

from __future__ import annotations

import json
import os
import shutil
import time
import urllib.error
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.hubs import Hub, Person
from tests.support.tools import Tool

pytestmark = pytest.mark.long

PEOPLE = [{"login": "anna", "group": "lab"}, {"login": "bob", "group": "lab"}, {"login": "chris", "group": "other"}]
SHARED = [{"name": "project", "groups": ["lab"], "size": "1 MB"}, {"name": "board", "write": False}]


def write(person: Person, path: str, text: str) -> None:
    person.api("PUT", f"api/contents/{path}", {"type": "file", "format": "text", "content": text})


def read(person: Person, path: str) -> str:
    return str(person.api("GET", f"api/contents/{path}")["content"])


def names(person: Person, path: str = "") -> list[str]:
    return sorted(entry["name"] for entry in person.api("GET", f"api/contents/{path}?content=1")["content"])


def notes(hub: Hub, word: str, seconds: float = 40) -> list[str]:
    """What `status` says with this word in it, as soon as it does."""
    end = time.monotonic() + seconds
    while not (found := [note for note in hub.status()["notes"] if word in note]) and time.monotonic() < end:
        time.sleep(1)
    return found


def try_a_group(hub: Hub) -> None:
    """Two of a group, and one who is not in it."""
    hub.configure(participants=PEOPLE, shared=SHARED, organisers=["maria"])
    hub.run("up")
    anna, bob, chris = (hub.at_work(name) for name in ("anna", "bob", "chris"))
    assert "project" in names(anna), "the file browser shows it"
    write(anna, "project/a.txt", "of anna")
    anna.api("PUT", "api/contents/project/figures", {"type": "directory"})
    assert read(bob, "project/a.txt") == "of anna"
    write(bob, "project/a.txt", "of both")
    write(bob, "project/figures/b.txt", "of bob")
    assert read(anna, "project/a.txt") == "of both"
    anna.api("DELETE", "api/contents/project/figures")
    assert names(bob, "project") == ["a.txt"]
    assert "project" not in names(chris)
    assert "board" in names(chris)
    with pytest.raises(urllib.error.HTTPError):
        write(bob, "board/mine.txt", "I was here")
    page = bob.api("GET", "skrt/start")
    assert [(one["name"], one["write"], one["link"]) for one in page["shared"]] == [
        ("board", False, "board"),
        ("project", True, "project"),
    ]


def test_people_of_a_group_work_in_one_folder_that_is_saved_and_deleted_like_a_home(
    make_hub: Callable[..., Hub], tmp_path: Path
) -> None:
    hub = make_hub()
    try_a_group(hub)
    folder, name = hub.state / "shared" / "project", f"test-{hub.port}"
    (folder / "large").write_bytes(os.urandom(1_200_000))
    assert "/shared/project" in notes(hub, "full")[0]

    # Somebody comes, somebody goes: said for servers that run, right at their next start.
    people = [{"login": "anna", "group": "other"}, *PEOPLE[1:2], {"login": "chris", "group": "lab"}]
    hub.configure(participants=people, shared=SHARED, organisers=["maria"])
    hub.run("up")
    told = notes(hub, "until it starts again")
    assert ["anna still has /shared/project" in told[0], "chris lacks /shared/project" in told[1]] == [True, True]
    for person in ("anna", "chris"):
        hub.run("participants", "restart", person)
    anna, chris = hub.at_work("anna"), hub.at_work("chris")
    assert "project" not in names(anna), "the link went, too"
    assert read(chris, "project/a.txt") == "of both"
    assert not notes(hub, "until it starts again", seconds=0)

    copies = tmp_path / "copies"
    saved = json.loads(hub.run("save", "--to", copies, "--json").stdout)
    assert {"/shared/project", "/shared/board"} <= {row["name"] for row in saved["homes"]}
    write(chris, "project/a.txt", "after the copy")
    hub.run("stop")
    refused = hub.run("delete", "--homes", "--confirm", name, code=None)
    assert refused.returncode != 0
    assert "/shared/project: changed since it was saved" in refused.stderr
    shutil.rmtree(folder)
    hub.run("restore", "--from", copies, "/shared/project")
    assert (folder / "a.txt").read_text() == "of both"
    hub.run("up")
    bob = hub.at_work("bob")
    write(bob, "project/a.txt", "restored files are the group's")
    hub.run("save", "--to", copies)
    collected = tmp_path / "collected"
    hub.run("collect", "project/a.txt", "--to", collected, code=None)
    assert not list(collected.rglob("a.txt")), "what is shared is nobody's hand-in"
    hub.run("delete", "--confirm", name)
    assert (folder / "a.txt").exists(), "it stays with the homes"
    hub.run("up")
    hub.run("delete", "--homes", "--no-copies", "--confirm", name)
    assert not hub.state.exists() or not (hub.state / "shared").exists()


def test_the_same_for_an_ordinary_user(make_hub: Callable[..., Hub], ordinary_tool: Tool) -> None:
    try_a_group(make_hub(ordinary_tool))
