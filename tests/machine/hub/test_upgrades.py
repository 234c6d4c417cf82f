"""A hub that another version made, and how it goes on: work, passwords and running servers stay, both ways."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import uv

from skrt_hub.environment import Environment
from tests.support.hubs import Hub, Person, Refused
from tests.support.tools import Tool

pytestmark = [pytest.mark.long, pytest.mark.timeout(1800)]
PROJECT = Path(__file__).parents[3]


@dataclass(frozen=True)
class Installed:
    """An environment of its own for skrt-hub, whose packages a test changes."""

    folder: Path

    def __post_init__(self) -> None:
        subprocess.run([uv.find_uv_bin(), "venv", "-q", "--python", sys.executable, self.folder], check=True)

    @property
    def python(self) -> Path:
        return self.folder / "bin/python"

    def install(self, *wanted: str) -> None:
        options = ("-q", "--compile-bytecode", "--python", str(self.python))
        subprocess.run([uv.find_uv_bin(), "pip", "install", *options, *wanted], check=True, timeout=300)


@pytest.fixture
def installed() -> Iterator[Installed]:
    folder = Path(tempfile.mkdtemp(prefix="skrt-hub-versions-"))
    yield Installed(folder / "venv")
    shutil.rmtree(folder, ignore_errors=True)


def write(person: Person, file: str, text: str) -> None:
    person.api("PUT", f"api/contents/{file}", {"type": "file", "format": "text", "content": text})


def works(hub: Hub, name: str, file: str, text: str) -> None:
    """The password is the old one, another one is refused, and the work is there."""
    with pytest.raises(Refused):
        hub.person(name, "somebody else's").log_in()
    person = hub.at_work(name)
    assert person.api("GET", f"api/contents/{file}")["content"] == text


def kernels(person: Person) -> list[str]:
    return [running["id"] for running in person.api("GET", "api/kernels")]


def test_jupyterhub_5_to_6_and_back(
    environment: Environment, installed: Installed, make_hub: Callable[..., Hub]
) -> None:
    installed.install("--editable", str(PROJECT), "jupyterhub<6")
    hub = make_hub(Tool("root", installed.python, environment.folder.parent), participants=["anna", "ben"])
    hub.run("up")
    anna = hub.at_work("anna")
    write(anna, "notes.txt", "kept")
    kernel = anna.api("POST", "api/kernels", {"name": "python3"})["id"]
    before = hub.status()["servers"]

    installed.install("jupyterhub>=6,<7")
    up = hub.run("up")
    copy = re.search(r"way back: (\S+)", up.stderr)
    assert copy is not None and Path(copy[1]).stat().st_mode & 0o777 == 0o600, up.stderr
    assert kernels(anna) == [kernel]  # the browser is still logged in, too
    assert [server["name"] for server in hub.status()["servers"]] == [server["name"] for server in before]
    works(hub, "anna", "notes.txt", "kept")
    hub.at_work("ben")
    assert "way back" not in hub.run("up").stderr

    installed.install("jupyterhub<6")
    refused = hub.run("up", code=9).stderr
    assert "newer JupyterHub than 5." in refused
    assert kernels(anna) == [kernel]  # nothing was touched
    way_back = re.search(r"skrt-hub stop && (.+)", refused)
    assert way_back is not None and copy[1] in way_back[1]
    hub.run("stop")
    subprocess.run(way_back[1], shell=True, check=True)  # typed as it is printed
    hub.run("up")
    works(hub, "anna", "notes.txt", "kept")
    hub.at_work("ben")

    installed.install("jupyterhub>=6,<7")  # and once more, with what came in meanwhile
    assert copy[1] in hub.run("up").stderr
    works(hub, "anna", "notes.txt", "kept")


OLD = "5f251b4"
"""A skrt-hub without a watchdog, without codes and with JupyterHub administrators, as people had it."""


def old_code(folder: Path) -> Path:
    """The project as it was then; the test is skipped where the clone does not reach back that far."""
    git = ["git", "-C", str(PROJECT), "-c", f"safe.directory={PROJECT}"]
    if subprocess.run([*git, "cat-file", "-e", OLD], check=False, capture_output=True).returncode:
        pytest.skip(f"this clone has no commit {OLD}")
    made = folder / "old"
    made.mkdir()
    subprocess.run([*git, "archive", f"--output={folder / 'old.tar'}", OLD], check=True)
    subprocess.run(["tar", "-xf", str(folder / "old.tar"), "-C", str(made)], check=True)
    return made


def test_a_hub_of_an_old_version_is_taken_over_and_can_go_over_to_codes(
    environment: Environment, installed: Installed, make_hub: Callable[..., Hub]
) -> None:
    installed.install("--editable", str(old_code(installed.folder.parent)))
    hub = make_hub(Tool("root", installed.python, environment.folder.parent))
    settings = {"participants": ["anna", "ben"], "admins": ["teacher"]}
    hub.configure(**settings)
    hub.run("up", deadline=1200)  # it builds the environment of its time
    hub.run("participants", "password", "teacher", input="the organiser's\n")
    anna = hub.at_work("anna")
    write(anna, "notes.txt", "kept")
    kernel = anna.api("POST", "api/kernels", {"name": "python3"})["id"]
    owner = (hub.state / "homes/anna/notes.txt").stat().st_uid

    installed.install("--editable", str(PROJECT))
    hub.run("up")
    assert [server["name"] for server in hub.status()["servers"]] == ["anna"]
    anna = hub.at_work("anna")  # once more: that version gave browsers no mark
    assert kernels(anna) == [kernel]
    works(hub, "anna", "notes.txt", "kept")
    assert (hub.state / "homes/anna/notes.txt").stat().st_uid == owner
    anna.end_server()
    works(hub, "anna", "notes.txt", "kept")  # in a server of today
    hub.person("teacher", "the organiser's").log_in()

    hub.configure(**settings, login="codes")
    hub.run("up")
    works(hub, "anna", "notes.txt", "kept")  # whoever has a password goes on with it
    with pytest.raises(Refused):
        hub.person("ben").log_in()  # who has none needs a code now
    code = hub.run("participants", "reset", "ben").stdout.split()[1]
    assert hub.person("ben", code).log_in()
