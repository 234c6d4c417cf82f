"""A hub in a cluster that an old skrt-hub made is taken over: homes, passwords, and first a copy of the database."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator

import pytest

from tests.machine.hub.test_upgrades import Installed, installed, old_code
from tests.support.aside import run_aside

from .conftest import Hub
from .participant import Participant
from .test_class import at_work, typed

__all__ = ["installed"]
NAME, PORT = "skrt-hub-old", 8772


@pytest.fixture
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    one = Hub(tmp_path_factory.mktemp("old"), name=NAME, port=PORT)
    subprocess.run(["kubectl", "delete", "namespace", NAME, "--ignore-not-found"], check=True, timeout=200)
    yield one
    one.run("delete", "--volumes", "--namespace", "--no-copies", "--confirm", NAME)


def test_a_release_of_an_old_version_is_taken_over_and_can_go_over_to_codes(place: Hub, installed: Installed) -> None:
    installed.install("--editable", str(old_code(installed.folder.parent)))
    place.python = str(installed.python)
    settings = {"participants": ["ana", "ben"], "admins": ["teacher"]}
    place.configure(**settings)
    done = subprocess.run(place.command("up"), capture_output=True, text=True, timeout=1500, check=False)
    assert done.returncode == 0, done.stderr
    assert run_aside(at_work(place, "ana", write="kept.txt")) == "kept"
    typed(place, "password", "teacher", "the organiser's")
    old = place.history()[-1]["revision"]
    pods = place.kubectl("get", "pods", "--selector=component=singleuser-server", "--output=name")

    place.python = Hub.python
    place.run("up")
    assert list((place.state / "kubernetes" / "databases").glob("*.sqlite")), "the database was not copied first"
    assert place.history()[-1]["revision"] > old
    assert place.kubectl("get", "pods", "--selector=component=singleuser-server", "--output=name") == pods
    assert run_aside(at_work(place, "ana")) == "kept", "in the server that was running"
    stopped(place, "ana")
    assert run_aside(at_work(place, "ana")) == "kept", "in a server of today"
    with pytest.raises(PermissionError):
        run_aside(at_work(place, "ana", password="somebody else's"))

    place.configure(**settings, login={"kind": "codes"})
    place.run("up")
    assert run_aside(at_work(place, "ana")) == "kept", "whoever has a password goes on with it"
    with pytest.raises(PermissionError):  # who has none needs a code now
        run_aside(at_work(place, "ben"))


def stopped(hub: Hub, name: str) -> None:
    async def act() -> None:
        async with Participant(hub.url, name) as one:
            await one.log_in()
            await one.stop_server()

    run_aside(act())
    hub.kubectl("wait", "--for=delete", "pods", "--selector=component=singleuser-server", "--timeout=90s")
