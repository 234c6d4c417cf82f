"""Killing work at a random moment, small disks, and what must hold afterwards."""

import contextlib
import hashlib
import os
import random
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from skrt_hub.context import Context
from skrt_hub.progress import Silent
from skrt_hub.snapshots import manifest, operations
from skrt_hub.snapshots.copies import Copies
from skrt_hub.targets.machine.target import MachineTarget, make
from skrt_hub.targets.protocol import DeleteOptions
from skrt_workspace.home.tree import PART_PREFIX
from skrt_workspace.material.place import place_material
from tests.support.homes import fill, hub
from tests.support.homes import home as home_of
from tests.support.material import publish

ROUNDS = int(os.environ.get("SKRT_HUB_FAULT_ROUNDS", "60"))


def killed_at(work: Callable[[], object], delay: float) -> bool:
    """Run `work` in a forked process and kill it after `delay` seconds; False where it had ended before."""
    child = os.fork()
    if child == 0:
        with contextlib.suppress(BaseException):
            work()
        os._exit(0)
    time.sleep(delay)
    with contextlib.suppress(ProcessLookupError):
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status)


def duration(work: Callable[[], object]) -> float:
    began = time.monotonic()
    child = os.fork()
    if child == 0:
        with contextlib.suppress(BaseException):
            work()
        os._exit(0)
    os.waitpid(child, 0)
    return time.monotonic() - began


class Killings:
    """Kills work at random moments of it; how long the work takes is learned on the way, since other work slows it."""

    def __init__(self, usual: float) -> None:
        self.usual = usual
        self.killed = 0

    def during(self, work: Callable[[], object]) -> None:
        if killed_at(work, random.uniform(0, self.usual)):
            self.killed += 1
            self.usual *= 1.02
        else:
            self.usual *= 0.95


@contextlib.contextmanager
def little_disk(folder: Path, size: int) -> Iterator[Path]:
    """A file system of `size` bytes at `folder`."""
    folder.mkdir(exist_ok=True)
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)], check=False)
    if done.returncode != 0:
        pytest.skip("a small file system can only be mounted by root")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def contents(folder: Path) -> dict[str, str]:
    found = {}
    for path in folder.rglob("*"):
        if path.is_file() and not path.is_symlink() and ".local" not in path.parts:
            found[path.relative_to(folder).as_posix()] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found


class Course:
    """A home with material: what the participant has of their own, and the versions the organiser gave."""

    def __init__(self, base: Path) -> None:
        self.material, self.home = base / "material", base / "home"
        self.material.mkdir()
        self.home.mkdir()
        self.version = 0
        self.mine: dict[str, bytes] = {}
        self.given: dict[str, bytes] = {}
        self.next_version()
        self.place()

    def next_version(self) -> None:
        self.version += 1
        names = [f"f{number}.ipynb" for number in range(12) if random.random() < 0.8]
        self.given = {name: f"{name} of version {self.version}".encode() * 400 for name in names}
        publish(self.material, self.given, self.version)

    def edit(self) -> None:
        name = random.choice([f"f{number}.ipynb" for number in range(12)])
        self.mine[name] = f"mine at {self.version}".encode()
        (self.home / "course").mkdir(exist_ok=True)
        (self.home / "course" / name).write_bytes(self.mine[name])

    def place(self) -> None:
        place_material(self.home, self.material, self.home / "none")

    def check_nothing_lost(self) -> None:
        for name, content in self.mine.items():
            assert (self.home / "course" / name).read_bytes() == content, name

    def check_complete(self) -> None:
        self.check_nothing_lost()
        for name, content in self.given.items():
            if name not in self.mine:
                assert (self.home / "course" / name).read_bytes() == content, name
        untouched = {path.name for path in (self.home / "course").iterdir()} - set(self.mine)
        assert {name for name in untouched if "(new version" not in name} <= set(self.given)
        assert not list(self.home.rglob(f"{PART_PREFIX}*"))


@pytest.fixture
def copies(tmp_path: Path) -> Copies:
    made = hub(tmp_path / "one", "anna", "bob", keep={"last": 2, "daily": 0, "weekly": 0, "monthly": 0})
    fill(home_of(made, "anna"))
    (home_of(made, "anna") / "pipe").unlink()
    (home_of(made, "bob") / "a.txt").write_text("by bob")
    return made


def check_copies(copies: Copies, place: Path) -> None:
    """Every home has a whole copy, and all that any copy needs is there."""
    assert operations.run_verify(copies, str(place)).problems == ()
    for file in place.glob("saves/*/*.jsonl.zst"):
        manifest.read(file.read_bytes())


def target_of(copies: Copies) -> MachineTarget:
    return make(Context(copies.settings, copies.layout, Silent()))


def delete(copies: Copies) -> None:
    """As the command does: the copies are checked first, and once more before anything goes."""
    target = target_of(copies)
    target.ensure_no_loss(DeleteOptions(homes=True))
    target.delete(DeleteOptions(homes=True))
