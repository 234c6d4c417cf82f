"""A fork server on a real environment, as root and as an ordinary user, and programs in sandboxes that it made."""

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

from skrt_workspace.forkserver.client import ForkServerUnavailable
from skrt_workspace.sandbox.document import Limits, Network, SandboxDocument, User
from skrt_workspace.sandbox.identity import ProcessIdentity, is_alive, send_signal, wait_ended

PARTICIPANT = 213456
DRIVER = Path(__file__).with_name("driver.py")
CLIENT = (
    "import sys; sys.path.insert(0, sys.argv[1]); from skrt_workspace.forkserver.client import spawn; "
    "from skrt_workspace.sandbox.document import SandboxDocument; import json; "
    "print(json.dumps(spawn(sys.argv[2], SandboxDocument.from_json(sys.stdin.read())).as_dict()))"
)
SOURCE = Path(__file__).parents[3] / "src"


def _environment(variable: str, python: str | None) -> Path:
    """The participants' environment to test: a ready one named by a variable, else one that is made and kept."""
    if os.environ.get(variable):
        return Path(os.environ[variable])
    from skrt_hub.environment import ensure_environment

    folder = Path(tempfile.gettempdir(), f"skrt-hub-test-environments-{os.geteuid()}")
    folder.mkdir(mode=0o755, exist_ok=True)
    made = ensure_environment(folder, python=Path(python) if python else None)
    return made if isinstance(made, Path) else Path(made.folder)


class ForkServer:
    """One zygote, run as one of the two kinds of user."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.root = Path(tempfile.mkdtemp(prefix="skrt-fork-test-"))
        self.root.chmod(0o711)
        self.user: dict[str, Any] = {}
        if kind == "ordinary" and os.geteuid() == 0:
            account = pwd.getpwnam("tester")
            self.user = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
            os.chown(self.root, account.pw_uid, account.pw_gid)
            self.environment = _environment("SKRT_TEST_ENVIRONMENT_ORDINARY", "/usr/bin/python3")
        else:
            self.environment = _environment("SKRT_TEST_ENVIRONMENT", None)
        self.python = str(self.environment / "bin" / "python")
        self.socket = self.root / "fork.sock"
        self.log = self.root / "zygote.log"
        self.zygote: subprocess.Popen[bytes] | None = None
        self.started: list[ProcessIdentity] = []
        self.number = 0

    def start(self, *arguments: str, **options: Any) -> None:
        given: dict[str, Any] = {"env": {"PATH": "/usr/bin:/bin"}, "cwd": "/"} | self.user | options
        command = [self.python, "-m", "skrt_workspace.forkserver", "--socket", str(self.socket), *arguments]
        self.socket.unlink(missing_ok=True)  # a killed one leaves it behind, and it would look like the new one's
        with self.log.open("ab") as log:
            self.zygote = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, **given)
        wait_until(lambda: self.socket.exists() or self.zygote.poll() is not None, 120)
        assert self.zygote.poll() is None, self.log.read_text()

    def stop(self) -> None:
        if self.zygote is not None and self.zygote.poll() is None:
            self.zygote.terminate()
            self.zygote.wait(20)

    def close(self) -> None:
        for identity in self.started:
            send_signal(identity, 9)
        self.stop()
        shutil.rmtree(self.root, ignore_errors=True)

    def home(self, name: str) -> Path:
        path = self.root / name
        path.mkdir(mode=0o700, exist_ok=True)
        owner = self.user.get("user", os.geteuid()) if self.kind == "ordinary" else PARTICIPANT
        os.chown(path, owner, -1)
        return path

    def document(
        self,
        home: Path,
        command: tuple[str, ...],
        variables: dict[str, str] | None = None,
        *,
        own_network: bool = False,
    ) -> SandboxDocument:
        threads = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "ITK_GLOBAL_DEFAULT_NUMBER_OF_THREADS")
        environment = {
            "PATH": f"{self.environment}/bin:/usr/local/bin:/usr/bin:/bin",
            "USER": "jovyan",
            "LOGNAME": "jovyan",
            "LANG": "C.UTF-8",
            **dict.fromkeys(threads, "2"),
            **(variables or {}),
        }
        return SandboxDocument(
            home=str(home),
            command=command,
            environment=environment,
            log_file=str(self.root / f"{home.name}.log"),
            user=User(PARTICIPANT, PARTICIPANT) if self.kind == "root" else None,
            limits=Limits(processes=512, open_files=4096),
            network=Network(own=own_network),
        )

    def spawn(self, document: SandboxDocument) -> ProcessIdentity:
        """As the hub does, and as the hub's user. Raises ForkServerUnavailable."""
        command = [sys.executable if not self.user else "/usr/bin/python3", "-c", CLIENT, str(SOURCE), str(self.socket)]
        done = subprocess.run(
            command, input=document.to_json(), text=True, capture_output=True, check=False, timeout=60, **self.user
        )
        if "ForkServerUnavailable" in done.stderr:
            raise ForkServerUnavailable(done.stderr)
        assert done.returncode == 0, done.stderr
        identity = ProcessIdentity(**json.loads(done.stdout))
        self.started.append(identity)
        return identity

    def drive(
        self, cells: list[str], variables: dict[str, str] | None = None, *, own_network: bool = False, **job: Any
    ) -> list[dict[str, Any]]:
        """What kernels in a new sandbox answer to these cells: see `driver.py`."""
        self.number += 1
        home = self.home(f"participant{self.number}")
        for name, text in job.pop("files", {}).items():
            (home / name).parent.mkdir(parents=True, exist_ok=True)
            (home / name).write_text(text)
        for path in [*home.rglob("*")]:
            os.chown(path, home.stat().st_uid, -1)
        (home / "driver.py").write_text(DRIVER.read_text())
        (home / "job.json").write_text(json.dumps({"cells": cells, **job}))
        for name in ("driver.py", "job.json"):
            (home / name).chmod(0o644)
        identity = self.spawn(self.document(home, (self.python, "driver.py"), variables, own_network=own_network))
        assert wait_ended(identity, 120), "the driver hangs"
        answer = home / "answer.json"
        assert answer.exists(), Path(self.root, f"{home.name}.log").read_text()
        told: list[dict[str, Any]] = json.loads(answer.read_text())
        return told

    def log_of(self, number: int | None = None) -> str:
        return Path(self.root, f"participant{number or self.number}.log").read_text()


def wait_until(condition: Callable[[], object], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def _kinds() -> list[str]:
    if os.geteuid() != 0:
        return ["ordinary"]
    return ["root", "ordinary"] if any(user.pw_name == "tester" for user in pwd.getpwall()) else ["root"]


@pytest.fixture(scope="session", params=_kinds())
def server(request: pytest.FixtureRequest) -> Iterator[ForkServer]:
    """A fork server that all tests of a session use."""
    made = ForkServer(request.param)
    made.start()
    yield made
    made.close()


@pytest.fixture
def new_server() -> Iterator[Callable[..., ForkServer]]:
    """Fork servers of a test's own, with options."""
    made: list[ForkServer] = []

    def make(*arguments: str, **options: Any) -> ForkServer:
        made.append(ForkServer(_kinds()[0]))
        made[-1].start(*arguments, **options)
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def until() -> Callable[..., None]:
    return wait_until


@pytest.fixture
def alive() -> Callable[[ProcessIdentity], bool]:
    return is_alive
