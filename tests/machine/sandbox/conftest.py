"""Real sandboxes for the tests: as an ordinary user, and as root too where the tests run as root."""

from __future__ import annotations

import json
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from skrt_workspace.sandbox.identity import ProcessIdentity, is_alive, send_signal

SOURCE = Path(__file__).parents[3] / "src"
PARTICIPANT = 212345
RUN = (
    "import sys, runpy; sys.path.insert(0, sys.argv.pop(1)); "
    "runpy.run_module('skrt_workspace.sandbox', None, '__main__', True)"
)


class Hub:
    """The hub's side of a sandbox: a state folder, homes, and the sandbox program run as one of the two kinds."""

    def __init__(self, kind: str, root: Path) -> None:
        self.kind = kind
        self.root = root
        self.user: dict[str, Any] = {}
        self.python = sys.executable
        self.before: list[str] = []
        if kind == "ordinary" and os.geteuid() == 0:
            account = pwd.getpwnam("tester")
            self.user = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
            self.python = "/usr/bin/python3"
            os.chown(root, account.pw_uid, account.pw_gid)
        self.started: list[ProcessIdentity] = []
        self.homes = self.folder("homes")
        # Without isolation a participant reaches the home by its path on the host, so others may pass through these.
        root.chmod(0o711)
        self.homes.chmod(0o711)

    @property
    def is_root(self) -> bool:
        return self.kind == "root"

    def folder(self, name: str) -> Path:
        path = self.root / name
        path.mkdir(mode=0o700)
        self.own(path)
        return path

    def own(self, path: Path) -> None:
        if self.user:
            os.chown(path, self.user["user"], self.user["group"], follow_symlinks=False)

    def home(self, name: str) -> Path:
        path = self.folder(f"homes/{name}")
        if self.is_root:
            os.chown(path, PARTICIPANT, PARTICIPANT)
        return path

    def document(self, home: Path, command: list[str], **changes: Any) -> dict[str, Any]:
        document: dict[str, Any] = {
            "home": str(home),
            "command": command,
            "environment": {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"},
            "log_file": str(self.root / f"{home.name}.log"),
        }
        if self.is_root:
            document["user"] = {"uid": PARTICIPANT, "gid": PARTICIPANT}
        return document | changes

    def program(
        self, document: dict[str, Any] | None, *arguments: str, **options: Any
    ) -> subprocess.CompletedProcess[str]:
        given: dict[str, Any] = {"env": {"PATH": "/usr/bin:/bin"}, "timeout": 60, "cwd": "/"} | self.user | options
        text = "" if document is None else json.dumps(document)
        return subprocess.run(
            self.program_line(*arguments), input=text, text=True, capture_output=True, check=False, **given
        )

    def program_line(self, *arguments: str) -> list[str]:
        return [*self.before, self.python, "-I", "-c", RUN, str(SOURCE), *arguments]

    def start(self, document: dict[str, Any], **options: Any) -> ProcessIdentity:
        done = self.program(document, **options)
        assert done.returncode == 0, done.stdout + done.stderr
        identity = ProcessIdentity(**json.loads(done.stdout))
        self.started.append(identity)
        return identity

    def shell(self, script: str, name: str = "bob", **changes: Any) -> str:
        """What a shell script printed in a new sandbox."""
        return self.run(["/bin/bash", "-c", script], name, **changes)

    def code(self, script: str, name: str = "bob", **changes: Any) -> str:
        """What a Python script printed in a new sandbox."""
        return self.run([self.python, "-I", "-c", script], name, **changes)

    def run(self, command: list[str], name: str, **changes: Any) -> str:
        home = self.homes / name
        if not home.exists():
            self.home(name)
        document = self.document(home, command, **changes)
        log = Path(document["log_file"])
        log.unlink(missing_ok=True)
        identity = self.start(document)
        wait_until(lambda: not is_alive(identity))
        return log.read_text()

    def stop(self) -> None:
        for identity in self.started:
            send_signal(identity, 9)


def wait_until(condition: Callable[[], object], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)


@pytest.fixture(params=["root", "ordinary"])
def hub(request: pytest.FixtureRequest) -> Iterator[Hub]:
    if request.param == "root" and os.geteuid() != 0:
        pytest.skip("only root can give each participant a user of its own")
    if request.param == "ordinary" and os.geteuid() == 0 and not any(u.pw_name == "tester" for u in pwd.getpwall()):
        pytest.skip("there is no ordinary user 'tester' to run as")
    root = Path(tempfile.mkdtemp(prefix="skrt-sandbox-test-"))
    hub = Hub(request.param, root)
    yield hub
    hub.stop()
    shutil.rmtree(root, ignore_errors=True)


@pytest.fixture
def until() -> Callable[..., None]:
    return wait_until
