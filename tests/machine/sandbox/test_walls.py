"""A sandbox without namespaces, for real: what its participant can open, change and end. Only root can make one."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from skrt_workspace.sandbox.identity import ProcessIdentity, is_alive, send_signal
from skrt_workspace.sandbox.privileges import landlock_version
from skrt_workspace.sandbox.walls import OLDEST

from .conftest import RUN, SOURCE, wait_until

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 or landlock_version() < OLDEST, reason="needs root, and a Linux with Landlock"
)
ANNA, BEN = 2_147_482_001, 2_147_482_002
SYSTEM_PYTHON = "/usr/bin/python3"  # that of the tests may lie where no other user gets


class Walls:
    """Homes of two participants, and commands run in the sandbox of either."""

    def __init__(self, root: Path) -> None:
        root.chmod(0o711)
        self.homes = {uid: root / name for uid, name in ((ANNA, "anna"), (BEN, "ben"))}
        for uid, home in self.homes.items():
            home.mkdir(mode=0o700)
            os.chown(home, uid, uid)

    def start(self, uid: int, script: str) -> ProcessIdentity:
        document = {
            "home": str(self.homes[uid]),
            "command": ["/bin/bash", "-c", script],
            "environment": {"PATH": "/usr/bin:/bin"},
            "user": {"uid": uid, "gid": uid},
            "isolated": False,
            "confined": True,
            "log_file": str(self.homes[uid].with_suffix(".log")),
        }
        done = subprocess.run(
            [SYSTEM_PYTHON, "-I", "-c", RUN, str(SOURCE)],
            input=json.dumps(document), text=True, capture_output=True, check=False, timeout=60, cwd="/",
            env={"PATH": "/usr/bin:/bin"},
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return ProcessIdentity(**json.loads(done.stdout))

    def says(self, uid: int, script: str) -> str:
        log = self.homes[uid].with_suffix(".log")
        log.unlink(missing_ok=True)
        identity = self.start(uid, script)
        wait_until(lambda: not is_alive(identity))
        return log.read_text(encoding="utf-8")


@pytest.fixture
def walls() -> Iterator[Walls]:
    with tempfile.TemporaryDirectory(prefix="skrt-hub-walls-") as root:
        yield Walls(Path(root))
        for uid in (ANNA, BEN):
            subprocess.run([SYSTEM_PYTHON, "-I", "-c", RUN, str(SOURCE), "--end", str(uid)], check=True, cwd="/")


def test_the_home_is_ones_own_to_work_in(walls: Walls) -> None:
    said = walls.says(ANNA, "echo a > f && mkdir d && mv f d/g && : > d/g && ln -s g d/h && rm -r d && echo $TMPDIR")
    assert said == f"/run/skrt/{ANNA}/tmp\n"


@pytest.mark.parametrize(
    "refused", ["cat /etc/shadow", "ls /root", "ls /tmp", "ls /", "ls /var/lib", "cat /proc/1/environ", "touch /usr/x"]
)
def test_the_system_around_is_closed(walls: Walls, refused: str) -> None:
    assert "Permission denied" in walls.says(ANNA, refused)


def test_another_home_stays_closed_whatever_its_mode(walls: Walls) -> None:
    secret = walls.homes[BEN] / "secret"
    secret.write_text("of ben", encoding="utf-8")
    secret.chmod(0o666)
    walls.homes[BEN].chmod(0o777)
    said = walls.says(ANNA, f"cat {secret}; echo x > {secret}; ls {walls.homes[BEN]}")
    assert said.count("Permission denied") == 3
    assert secret.read_text(encoding="utf-8") == "of ben"


def test_a_link_out_of_the_home_leads_nowhere(walls: Walls) -> None:
    assert "Permission denied" in walls.says(ANNA, "ln -s /etc/shadow s; ln -s / r; cat s; ls r/root")


def test_programs_of_others_can_neither_be_ended_nor_read(walls: Walls) -> None:
    pid = walls.start(BEN, "sleep 611").pid
    said = walls.says(ANNA, f"kill -9 {pid}; cat /proc/{pid}/environ; ls /proc/{pid}/fd")
    assert said.count("not permitted") == 1
    assert said.count("Permission denied") >= 2


def test_ports_of_the_hub_cannot_be_taken(walls: Walls) -> None:
    program = "import socket; s = socket.socket(); s.bind(('127.0.0.1', 8123))"
    assert "Permission denied" in walls.says(ANNA, f'python3 -c "{program}"')


def test_everything_ends_with_the_server_also_what_left_its_session(walls: Walls) -> None:
    walls.says(ANNA, "setsid sleep 612 & sleep 0.5")
    wait_until(lambda: not _of_user(ANNA))


def test_what_a_killed_server_left_is_ended_before_the_next_starts(walls: Walls) -> None:
    identity = walls.start(ANNA, "setsid sleep 613 & sleep 614")
    wait_until(lambda: len(_of_user(ANNA)) >= 3)
    assert send_signal(identity, signal.SIGKILL)
    wait_until(lambda: not is_alive(identity))
    left = set(_of_user(ANNA))
    assert left
    walls.start(ANNA, "sleep 615")
    wait_until(lambda: not left & set(_of_user(ANNA)))


def _of_user(uid: int) -> list[Any]:
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if folder.stat().st_uid == uid:
                found.append(folder.name)
        except OSError:
            continue
    return found
