"""The lock on a place for saved copies, held by real processes on a real S3 server, killed and stopped at any moment.

The server is versitygw, which keeps conditional writes: go install github.com/versity/versitygw/cmd/versitygw@latest
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from skrt_hub.errors import BusyError, CopyError
from skrt_hub.snapshots import operations, s3
from skrt_hub.snapshots.lock import Pace
from skrt_hub.snapshots.opening import open_repository
from tests.support.homes import fill, home, hub, save
from tests.support.s3 import client, running_server

ROUNDS = int(os.environ.get("SKRT_HUB_FAULT_ROUNDS", "12"))
QUICK = Pace(renew=0.5, silent=2.5, trusted=1.2)
# Tells when it has the lock, and when it is sure of it before a change. The time is taken before the lock is asked, so
# that a process that is held up in between tells a time at which it truly had the lock.
WORKER = """
import random, sys, time
from skrt_hub.errors import BusyError, CopyError
from skrt_hub.snapshots import s3
from skrt_hub.snapshots.lock import Pace
from skrt_hub.snapshots.opening import open_repository
s3.PACE = Pace(renew=0.5, silent=2.5, trusted=1.2)
address, how = sys.argv[1:]
place = open_repository(address, create=True)

def tell(word):
    when = time.monotonic()
    place._confirm()
    print(word, when, flush=True)

while True:
    try:
        with place.locked():
            tell("took")
            for _ in range(random.randrange(1, 4) if how == "often" else 10_000):
                time.sleep(random.random() / 10)
                tell("changes")
                place.put("packs/" + "a" * 8, b"x")
    except BusyError:
        time.sleep(random.random() / 5)
    except CopyError as error:
        print("LOST", error.what, flush=True)
        if how != "often": sys.exit(3)
"""


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with running_server() as found:
        yield found


@pytest.fixture
def address(server: str, monkeypatch: pytest.MonkeyPatch) -> str:
    for name, value in {
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing-secret",
        "AWS_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": server,
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(s3, "PACE", QUICK)
    name = f"bucket{time.time_ns()}"
    client(server).create_bucket(Bucket=name)
    return f"s3://{name}/copies"


def start(address: str, how: str) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-c", WORKER, address, how], stdout=subprocess.PIPE, text=True, bufsize=1)


def overlaps(logs: list[str]) -> list[str]:
    """The changes that a process was sure of while another had the lock; each text is what one process told."""
    told = [
        (float(line.split()[1]), number, line)
        for number, log in enumerate(logs)
        for line in log.splitlines()
        if line.startswith(("took ", "changes "))
    ]
    wrong, holder = [], -1
    for _, number, line in sorted(told):
        if line.startswith("took "):
            holder = number
        elif number != holder:
            wrong.append(f"process {number}: {line}; process {holder} had the lock")
    return wrong


@pytest.mark.long
def test_two_never_hold_it_whenever_one_is_killed(address: str) -> None:
    open_repository(address, create=True)
    chance = random.Random(seed := random.randrange(10**6))
    print("seed", seed)
    logs = []
    workers = [start(address, "often") for _ in range(2)]
    try:
        for _ in range(ROUNDS):
            time.sleep(chance.uniform(0.3, 2))
            number = chance.randrange(2)
            workers[number].kill()
            logs.append(workers[number].communicate()[0])
            workers[number] = start(address, "often")
        time.sleep(12)
    finally:
        for worker in workers:
            worker.kill()
            logs.append(worker.communicate()[0])
    assert overlaps(logs) == []
    assert "".join(logs).count("took ") > ROUNDS, "both must have had it, again and again"


def test_who_slept_too_long_does_nothing_more(address: str) -> None:
    first = start(address, "long")
    assert first.stdout is not None
    assert first.stdout.readline().startswith("took ")
    place = open_repository(address)
    with pytest.raises(BusyError, match="Another skrt-hub command"), place.locked():
        pass
    with pytest.raises(BusyError), place.locked(shared=True):
        pass
    first.send_signal(signal.SIGSTOP)
    time.sleep(QUICK.silent)
    with place.locked():
        first.send_signal(signal.SIGCONT)
        assert "LOST" in first.communicate(timeout=20)[0]
        place.put("packs/mine", b"still held")
    assert first.returncode == 3


def test_readers_hold_it_together_and_no_save_comes_between(address: str, tmp_path: Path) -> None:
    copies = hub(tmp_path / "one", "anna")
    fill(home(copies, "anna"))
    save(copies, address)  # type: ignore[arg-type]
    one, other = open_repository(address), open_repository(address)
    with one.locked(shared=True), other.locked(shared=True):
        assert operations.run_verify(copies, address).problems == ()
        with pytest.raises(BusyError):
            save(copies, address)  # type: ignore[arg-type]
    save(copies, address)  # type: ignore[arg-type]


def test_a_lock_of_an_older_skrt_hub_is_respected(address: str) -> None:
    place = open_repository(address, create=True)
    place.put(s3._LOCK, b'{"owner": "abc", "time": 1}')
    with pytest.raises(BusyError), place.locked():
        pass


def test_a_folder_s_lock_means_the_same(tmp_path: Path) -> None:
    one, other = (open_repository(str(tmp_path / "copies"), create=True) for _ in range(2))
    with one.locked(shared=True), other.locked(shared=True), pytest.raises(BusyError):
        open_repository(str(tmp_path / "copies")).locked().__enter__()
    with one.locked(), pytest.raises(BusyError):
        other.locked(shared=True).__enter__()


def test_a_storage_that_goes_away_is_told_and_takes_nothing_along(address: str) -> None:
    place = open_repository(address, create=True)
    lock = place.locked()
    lock.__enter__()
    place._held._confirmed -= 100  # type: ignore[attr-defined]
    place._held._place = _Gone()  # type: ignore[attr-defined]
    with pytest.raises(CopyError):
        place.put("packs/late", b"x")


class _Gone:
    label = "a storage that is away"

    def read(self) -> None:
        raise CopyError("It is away.")
