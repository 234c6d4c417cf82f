"""The lock on a place for saved copies, held by real processes on a real S3 server, killed and stopped at any moment.

The server is versitygw, which keeps conditional writes: go install github.com/versity/versitygw/cmd/versitygw@latest
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import socket
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

ROUNDS = int(os.environ.get("SKRT_HUB_FAULT_ROUNDS", "12"))
QUICK = Pace(renew=0.5, silent=2.5, trusted=1.2)
WORKER = """
import os, random, sys, time
from pathlib import Path
from skrt_hub.errors import BusyError, CopyError
from skrt_hub.snapshots import s3
from skrt_hub.snapshots.lock import Pace
from skrt_hub.snapshots.opening import open_repository
s3.PACE = Pace(renew=0.5, silent=2.5, trusted=1.2)
inside, address, how = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
place = open_repository(address, create=True)

def enter():
    while True:
        try:
            os.close(os.open(inside, os.O_CREAT | os.O_EXCL | os.O_WRONLY)); inside.write_text(str(os.getpid())); return
        except FileExistsError:
            other = int(inside.read_text() or 0)
            if other and not Path(f"/proc/{other}").exists():
                inside.unlink(missing_ok=True)
                continue
            print("OVERLAP", other, flush=True); sys.exit(1)

while True:
    try:
        with place.locked():
            place._confirm()
            enter()
            print("in", flush=True)
            for _ in range(random.randrange(1, 4) if how == "often" else 10_000):
                time.sleep(random.random() / 10)
                place.put("packs/" + "a" * 8, b"x")
            inside.unlink()
    except BusyError:
        time.sleep(random.random() / 5)
    except CopyError as error:
        print("LOST", error.what, flush=True)
        if how != "often": sys.exit(3)
        inside.unlink(missing_ok=True)
"""


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    program = shutil.which("versitygw") or str(Path.home() / "go/bin/versitygw")
    if not Path(program).exists():
        pytest.skip("versitygw is not here: go install github.com/versity/versitygw/cmd/versitygw@latest")
    import tempfile

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        keys = {"ROOT_ACCESS_KEY": "testing", "ROOT_SECRET_KEY": "testing-secret"}
        command = [program, "--port", f"127.0.0.1:{port}", "posix", "--sidecar", f"{folder}/about", f"{folder}/data"]
        for part in ("about", "data"):
            (Path(folder) / part).mkdir()
        with subprocess.Popen(
            command, env={**os.environ, **keys}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as started:
            for _ in range(300):
                with socket.socket() as probe:
                    if probe.connect_ex(("127.0.0.1", port)) == 0:
                        break
                time.sleep(0.1)
            yield f"http://127.0.0.1:{port}"
            started.kill()


@pytest.fixture
def address(server: str, monkeypatch: pytest.MonkeyPatch) -> str:
    import boto3

    for name, value in {
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing-secret",
        "AWS_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": server,
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(s3, "PACE", QUICK)
    name = f"bucket{time.time_ns()}"
    keys = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing-secret"}
    boto3.client("s3", endpoint_url=server, region_name="us-east-1", **keys).create_bucket(Bucket=name)
    return f"s3://{name}/copies"


def start(inside: Path, address: str, how: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", WORKER, str(inside), address, how], stdout=subprocess.PIPE, text=True, bufsize=1
    )


@pytest.mark.long
def test_two_never_hold_it_whenever_one_is_killed(address: str, tmp_path: Path) -> None:
    open_repository(address, create=True)
    chance = random.Random(seed := random.randrange(10**6))
    print("seed", seed)
    inside = tmp_path / "inside"
    logs = []
    workers = [start(inside, address, "often") for _ in range(2)]
    try:
        for _ in range(ROUNDS):
            time.sleep(chance.uniform(0.3, 2))
            number = chance.randrange(2)
            workers[number].kill()
            logs.append(workers[number].communicate()[0])
            workers[number] = start(inside, address, "often")
        time.sleep(12)
    finally:
        for worker in workers:
            worker.kill()
            logs.append(worker.communicate()[0])
    text = "".join(logs)
    assert "OVERLAP" not in text
    assert text.count("in\n") > ROUNDS, "both must have had it, again and again"


def test_who_slept_too_long_does_nothing_more(address: str, tmp_path: Path) -> None:
    first = start(tmp_path / "one", address, "long")
    assert first.stdout is not None
    assert first.stdout.readline() == "in\n"
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
