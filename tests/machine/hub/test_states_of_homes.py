"""A server starts in whatever state its owner has put the home, tells what it left out, and has a way back."""

from __future__ import annotations

import os
import subprocess
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.hubs import Hub

pytestmark = pytest.mark.long

CONFIG = ".jupyter/jupyter_server_config.py"
OURS = (
    *(f".local/share/skrt-workspace/{name}" for name in ("material.json", "showing.json", "notices/1-message.json")),
    *(f".local/state/skrt-workspace/{name}" for name in ("running", "seen.json")),
)


def write(path: Path, text: str = "") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def broken_settings(text: str) -> Callable[[Path], None]:
    return lambda home: write(home / CONFIG, text)


def link(name: str) -> Callable[[Path], None]:
    def make(home: Path) -> None:
        subprocess.run(["rm", "-rf", home / name], check=True)
        (home / name).symlink_to("/nowhere/at/all")

    return make


def file(name: str) -> Callable[[Path], None]:
    def make(home: Path) -> None:
        subprocess.run(["rm", "-rf", home / name], check=True)
        write(home / name, "a file")

    return make


def lock(*names: str, mode: int = 0o500) -> Callable[[Path], None]:
    def make(home: Path) -> None:
        for name in names:
            (home / name).mkdir(exist_ok=True, parents=True)
            (home / name).chmod(mode)

    return make


def pipes(*names: str) -> Callable[[Path], None]:
    def make(home: Path) -> None:
        for name in names:
            subprocess.run(["rm", "-rf", home / name], check=True)
            (home / name).parent.mkdir(parents=True, exist_ok=True)
            os.mkfifo(home / name)

    return make


# Each: what is done to the home, and whether the participant is told that their settings were left out.
STATES: dict[str, tuple[Callable[[Path], None], bool]] = {
    "ends": (broken_settings("import sys; sys.exit(3)"), True),
    "ends-hard": (broken_settings("import os; os._exit(3)"), True),
    "fails": (broken_settings("this is no Python"), False),
    "no-folder": (broken_settings("c.ServerApp.root_dir = '/home/jovyan/gone'"), True),
    "no-class": (broken_settings("c.ServerApp.contents_manager_class = 'gone.Gone'"), True),
    "hub-off": (broken_settings("c.ServerApp.jpserver_extensions = {'jupyterhub': False}"), False),
    "config-is-a-file": (file(".jupyter"), False),
    "locked-home": (lock("", mode=0o500), False),
    "closed-home": (lock("", mode=0o000), False),
    "locked-inside": (lock(".local/share", ".local", ".ipython", ".jupyter"), False),
    "dangling": (link(".local"), False),
    "pipes-of-ours": (pipes(*OURS), False),
    "pipe-settings": (pipes(CONFIG), False),
}


def notices(person: Any) -> list[str]:
    return [notice["kind"] for notice in person.api("GET", "skrt/notices")["notices"]]


@pytest.mark.parametrize("fork_server", [True, False])
def test_a_server_starts_in_any_state_of_its_home(make_hub: Callable[..., Hub], fork_server: bool) -> None:
    hub = make_hub(fork_server=fork_server)
    hub.run("up")
    for name, (change, told) in STATES.items():
        person = hub.at_work(name)
        folder = next((hub.state / "homes").glob(f"{name}*"))
        owner = folder.stat()
        end(hub, person)
        change(folder)
        subprocess.run(["chown", "-Rh", f"{owner.st_uid}:{owner.st_gid}", folder], check=True)
        begin(person)
        assert ("settings" in notices(person)) is told, name
        kernel = person.api("POST", "api/kernels", {"name": "python3"})
        assert kernel["id"], name
        if told:
            (folder / CONFIG).unlink()
            end(hub, person)
            begin(person)
            assert "settings" not in notices(person), "mended, and started as ever"


def begin(person: Any) -> None:
    """The button that starts the own server."""
    person.get("hub/spawn")
    person.server(deadline=120)


def end(hub: Hub, person: Any) -> None:
    """The participant ends the own server, as the button in the hub's control panel does."""
    token = next(c.value for c in person.cookies if c.name == "_xsrf" and "/hub/" in c.path)
    address = f"{hub.url}hub/api/users/{person.path}/server?_xsrf={token}"
    request = urllib.request.Request(address, method="DELETE", headers={"Referer": hub.url + "hub/home"})
    with person._opener.open(request, timeout=60) as answer:
        assert answer.status in (202, 204)
    deadline = time.monotonic() + 20
    while person.get(f"user/{person.path}/api")[0] == 200:
        assert time.monotonic() < deadline
        time.sleep(0.1)


@pytest.mark.parametrize("kind", ["bytes", "files"])
def test_a_home_that_got_full_at_any_age_still_starts(make_hub: Callable[..., Hub], kind: str) -> None:
    if os.geteuid() != 0:
        pytest.skip("a small file system can only be mounted by root")
    hub = make_hub()
    hub.run("up")
    with hub.little_home("anna", "2M" if kind == "bytes" else "16M") as folder:
        if kind == "files":
            subprocess.run(["mount", "-o", "remount,nr_inodes=60", folder], check=True)
        hub.run("start")
        hub.at_work("anna")  # the first session, which makes .ipython and what else there is
        kernel = hub.person("anna")
        kernel.log_in()
        kernel.server()
        kernel.api("POST", "api/kernels", {"name": "python3"})
        hub.run("stop")
        fill(folder, kind)
        hub.run("start")
        for _ in range(2):
            person = hub.at_work("anna")
            (notice,) = [row for row in person.api("GET", "skrt/notices")["notices"] if row["kind"] == "space"]
            assert ("number of files" in notice["text"]) is (kind == "files")
            hub.run("stop")
            hub.run("start")


def fill(folder: Path, kind: str) -> None:
    number = 0
    while True:
        try:
            with (folder / f"full-{number}").open("wb", buffering=0) as stream:
                while kind == "bytes":
                    stream.write(bytes(4096))
        except OSError:
            return
        number += 1
