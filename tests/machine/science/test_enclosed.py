"""A file that takes over the program which reads it: what that program can then reach."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from skrt_hub.environment import Environment
from skrt_workspace.sandbox.identity import ProcessIdentity, is_alive
from tests.support.tools import Tool

# What runs where the reader ran: everything that it reaches is told.
_ATTACK = """
import json, os, socket, sys
task = json.load(open(sys.argv[1]))
def attempt(what):
    try:
        what()
        return "reached"
    except OSError as error:
        return error.strerror or str(error)
facts = {name: attempt(lambda path=path: open(path).read(1) or 1) for name, path in task["files"].items()}
facts["given"] = attempt(lambda: os.listdir(task["folder"]))
facts["changed"] = attempt(lambda: open(os.path.join(task["folder"], "a.dcm"), "ab").write(b"x"))
facts["network"] = attempt(lambda: socket.create_connection(("127.0.0.1", task["port"]), 3))
facts["uid"] = os.getuid()
print(json.dumps(facts))
"""

_HUB = """
import json, sys
from pathlib import Path
from skrt_hub.context import Context
from skrt_hub.inspection.enclosed import enclosed
from skrt_hub.layout import Layout
from skrt_hub.progress import Silent
from skrt_hub.settings.model import Settings
given = json.load(sys.stdin)
context = Context(Settings(sandbox=given["sandbox"]), Layout(Path(given["state"])), Silent())
words = ("-I", "-c", given["attack"])
with enclosed(context, Path(given["environment"]), words, given["task"], [Path(given["task"]["folder"])]) as ended:
    print(ended.output)
"""


@pytest.fixture
def passable() -> Iterator[Path]:
    """A folder that every user of the machine can pass, as above a hub's state folder; pytest's own is closed."""
    with tempfile.TemporaryDirectory(prefix="skrt-hub-test-") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


def test_what_a_taken_over_reader_reaches(tool: Tool, environment: Environment, passable: Path) -> None:
    folder = environment.folder if tool.kind == "root" else _own_environment(tool)
    facts = _attack(tool, "namespaces", folder, passable)
    assert facts["network"] != "reached"
    _is_kept_in(facts, tool)


def test_the_same_without_namespaces(own_tool: Tool, ordinary_tool: Tool, passable: Path) -> None:
    if own_tool.kind != "root":
        pytest.skip("a sandbox without namespaces needs root")
    # Every user can pass to this environment, as to a hub's: the other may lie in root's home.
    _is_kept_in(_attack(own_tool, "landlock", _own_environment(ordinary_tool), passable), own_tool)


def test_what_a_killed_command_left_is_ended_and_removed(
    own_tool: Tool, environment: Environment, passable: Path
) -> None:
    (passable / "given").mkdir()
    task = {"folder": str(passable / "given")}
    given = {"task": task, "state": str(passable / "state"), "sandbox": "namespaces"}
    sleep, quick = "import time; time.sleep(600)", "print(1)"
    words = json.dumps({**given, "environment": str(environment.folder), "attack": sleep})
    first = subprocess.Popen([str(own_tool.python), "-c", _HUB], stdin=subprocess.PIPE, env=own_tool.variables)
    assert first.stdin is not None
    first.stdin.write(words.encode())
    first.stdin.close()
    end = time.monotonic() + 60
    while not (left := list(passable.glob("state/inspections/*/process.json"))):
        assert time.monotonic() < end
        time.sleep(0.1)
    process = ProcessIdentity(**json.loads(left[0].read_text()))
    first.kill()
    first.wait()
    assert is_alive(process)
    words = words.replace(sleep, quick)
    subprocess.run([str(own_tool.python), "-c", _HUB], input=words, text=True, check=True, env=own_tool.variables)
    assert not is_alive(process)
    assert not [path for path in (passable / "state" / "inspections").iterdir() if path.is_dir()]


def _is_kept_in(facts: dict[str, Any], tool: Tool) -> None:
    unreached = {name: facts[name] for name in ("home", "secret", "shadow")}
    assert "reached" not in unreached.values(), unreached
    assert facts["given"] == "reached"
    assert facts["changed"] != "reached"
    if tool.kind == "root":
        assert facts["uid"] >= 2_080_000_000


def _attack(tool: Tool, sandbox: str, environment: Path, root: Path) -> dict[str, Any]:
    places = {name: root / name for name in ("state", "home", "given")}
    for place in places.values():
        place.mkdir(mode=0o700)
        tool.own(place)
    for file in (places["home"] / "diary", places["state"] / "secret", places["given"] / "a.dcm"):
        file.write_text("private")
        file.chmod(0o600)
        tool.own(file)
    files = {"home": str(places["home"] / "diary"), "secret": str(places["state"] / "secret"), "shadow": "/etc/shadow"}
    with socket.create_server(("127.0.0.1", 0)) as service:
        task = {"folder": str(places["given"]), "files": files, "port": service.getsockname()[1]}
        given = {"task": task, "state": str(places["state"]), "sandbox": sandbox, "attack": _ATTACK}
        done = subprocess.run(
            [str(tool.python), "-c", _HUB],
            input=json.dumps({**given, "environment": str(environment)}),
            capture_output=True, text=True, check=False, timeout=300, cwd="/", env=tool.variables, **tool.user,
        )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    assert not [path for path in (places["state"] / "inspections").iterdir() if path.is_dir()]
    told: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return told


def _own_environment(tool: Tool) -> Path:
    done = tool.run("data", "check", "/usr/share/doc", "--state", tool.environments / "state", deadline=580)
    assert done.returncode in (0, 2, 9), done.stderr
    return next(
        path for path in tool.environments.iterdir() if path.is_dir() and os.access(path / "bin/python", os.X_OK)
    )
