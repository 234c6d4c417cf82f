"""A participant at work is erased from a hub that runs, and from its encrypted copies."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard

from tests.support.hubs import Hub

NAME = "annegret"


def traces(folder: Path, name: str) -> list[str]:
    """Where a name still stands, in names of files or in what is in them."""
    found = []
    for path in folder.rglob("*"):
        data = path.read_bytes() if path.is_file() and not path.is_symlink() else b""
        if path.suffix == ".zst" and not data.startswith(b"SKRTSEAL"):
            data += zstandard.ZstdDecompressor().stream_reader(data, read_across_frames=True).read()
        if name in path.name or name.encode() in data:
            found.append(str(path.relative_to(folder)))
    return found


@pytest.mark.long
def test_one_at_work_is_erased_everywhere(make_hub: Callable[..., Hub], tmp_path: Path) -> None:
    key, copies = tmp_path / "saves.key", tmp_path / "copies"
    hub = make_hub(saves={"place": str(copies), "key": str(key)})
    hub.run("saves", "key", str(key), "--make")
    hub.run("up")
    people = [hub.at_work(name) for name in (NAME, "bob")]
    for person in people:
        person.api("PUT", "api/contents/own.txt", {"type": "file", "format": "text", "content": "own work"})
    assert "ALL SAVED COPIES ARE LOST" in hub.run("save").stdout.replace("\n", " ")
    (tmp_path / "stick").write_bytes(key.read_bytes())
    hub.run("saves", "key", str(tmp_path / "stick"))
    assert "ATTENTION" not in hub.run("save").stdout
    hub.run("saves", "verify")
    assert b"own work" not in b"".join(path.read_bytes() for path in copies.rglob("*") if path.is_file())
    assert traces(hub.state, NAME)

    hub.run("participants", "erase", NAME, "--confirm", NAME)
    time.sleep(3)  # what the hub writes of the end of the server
    left = [path for path in traces(hub.state, NAME) if not path.startswith("environments")]
    assert left == []
    assert traces(copies, NAME) == []
    assert hub.status()["servers"][0]["name"] == "bob"
    assert people[1].api("GET", "api/contents/own.txt")["content"] == "own work"
    hub.run("saves", "verify")
    hub.run("participants", "erase", NAME, "--confirm", NAME, code=18)
    again = hub.at_work(NAME)
    assert not (hub.state / "homes" / NAME / "own.txt").exists(), "the name begins anew"
    assert again.api("GET", "api/contents/examples")["type"] == "directory"
