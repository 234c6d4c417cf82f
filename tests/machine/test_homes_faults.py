"""Killed at any moment: each home has what it must have, and running again completes the work.

Each round forks a process that does the real work, and kills it (SIGKILL) at a random moment of it; on a full disk the
same is done by test_homes_full_disk.py. SKRT_HUB_FAULT_ROUNDS sets the rounds of each test (500 by default in
`make test-faults`).
"""

import contextlib
import hashlib
import os
import random
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from skrt_hub.context import Context
from skrt_hub.homes import saving
from skrt_hub.homes.copies import manifest
from skrt_hub.homes.handing_out import hand_out
from skrt_hub.homes.material import fetch
from skrt_hub.homes.saving import Copies
from skrt_hub.progress import Silent
from skrt_hub.settings.model import Settings
from skrt_hub.targets import DeleteOptions
from skrt_hub.targets.machine.target import MachineTarget, make
from skrt_workspace.home.tree import PART_PREFIX
from skrt_workspace.material.place import place_material
from tests.unit.test_homes_saving import fill, hub, state
from tests.unit.test_homes_saving import home as home_of
from tests.unit.test_material_rules import publish

pytestmark = pytest.mark.long

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


@pytest.mark.timeout(3600)
def test_placing_material_is_killed(tmp_path: Path) -> None:
    course = Course(tmp_path)
    course.next_version()
    killings = Killings(duration(course.place))
    for number in range(ROUNDS):
        course.next_version()
        if number % 10 == 0:
            course.mine.clear()
            shutil.rmtree(course.home)
            course.home.mkdir()
            course.place()
        course.edit()
        killings.during(course.place)
        course.check_nothing_lost()
        course.place()
        course.check_complete()
    assert killings.killed > ROUNDS / 4, "the rounds must really interrupt"


@pytest.fixture
def copies(tmp_path: Path) -> Copies:
    made = hub(tmp_path / "one", "anna", "bob", keep={"last": 2, "daily": 0, "weekly": 0, "monthly": 0})
    fill(home_of(made, "anna"))
    (home_of(made, "anna") / "pipe").unlink()
    (home_of(made, "bob") / "a.txt").write_text("by bob")
    return made


def change(copies: Copies) -> None:
    folder = home_of(copies, random.choice(("anna", "bob")))
    (folder / f"new {random.randrange(20)}").write_bytes(os.urandom(random.randrange(200_000)))
    for path in random.sample(sorted(folder.glob("new *")), k=1):
        if random.random() < 0.3:
            path.unlink()


def check_copies(copies: Copies, place: Path) -> None:
    """Every home has a whole copy, and all that any copy needs is there."""
    assert saving.run_verify(copies, str(place)).problems == ()
    for file in place.glob("saves/*/*.jsonl.zst"):
        manifest.read(file.read_bytes())


@pytest.mark.timeout(3600)
def test_saving_is_killed(copies: Copies, tmp_path: Path) -> None:
    place = tmp_path / "copies"
    saving.run_save(copies, [], str(place))
    change(copies)
    killings = Killings(duration(lambda: saving.run_save(copies, [], str(place))))
    for number in range(ROUNDS):
        change(copies)
        killings.during(lambda: saving.run_save(copies, [], str(place)))
        if number % 5 == 0:
            check_copies(copies, place)
        if number % 20 == 0:
            saving.run_save(copies, [], str(place))
            other = hub(tmp_path / f"other {number}")
            saving.run_restore(other, [], str(place), None, None)
            for name in ("anna", "bob"):
                assert state(home_of(other, name)) == state(home_of(copies, name))
            shutil.rmtree(other.layout.root)
    check_copies(copies, place)
    assert killings.killed > ROUNDS / 4


@pytest.mark.timeout(3600)
def test_restoring_is_killed(copies: Copies, tmp_path: Path) -> None:
    place = tmp_path / "copies"
    saving.run_save(copies, [], str(place))
    expected = {name: state(home_of(copies, name)) for name in ("anna", "bob")}
    other = hub(tmp_path / "other", "anna", "bob")
    restore = lambda: saving.run_restore(other, [], str(place), None, None)  # noqa: E731
    killings = Killings(duration(restore))
    for _ in range(ROUNDS):
        shutil.rmtree(other.layout.homes)
        hub(other.layout.root, "anna", "bob")
        newer = home_of(other, "anna") / "note.ipynb"
        newer.write_text("newer work")
        killings.during(restore)
        assert newer.read_text() == "newer work"
        restore()
        assert newer.read_text() == "newer work"
        assert state(home_of(other, "bob")) == expected["bob"]
        found = state(home_of(other, "anna"))
        assert sum("(saved " in path for path in found) == 1, "the saved one lies beside, once"
        plain = {path: facts[1] for path, facts in found.items() if facts[0] == "file" and "(saved" not in path}  # type: ignore[index]
        saved = {path: facts[1] for path, facts in expected["anna"].items() if facts[0] == "file"}  # type: ignore[index]
        assert plain | {"note.ipynb": ""} == saved | {"note.ipynb": ""}
    assert killings.killed > ROUNDS / 4


@pytest.mark.timeout(3600)
def test_updating_material_is_killed(copies: Copies, tmp_path: Path) -> None:
    course = tmp_path / "course"
    course.mkdir()
    settings = Settings.model_validate({"material": [{"folder": str(course)}]})
    home = home_of(copies, "bob")
    sheet = tmp_path / "sheet.txt"

    def update() -> None:
        hand_out(settings, copies.layout, [sheet], "sheets")
        fetch(settings, copies.layout, Silent())

    sheet.write_text("0")
    (course / "a.txt").write_text("0")
    killings = Killings(duration(update))
    for number in range(ROUNDS):
        for path in [course / f"{name}.txt" for name in "abcdef"]:
            path.write_text(f"{path.name} {number}" * 100)
        sheet.write_text(f"sheet {number}")
        killings.during(update)
        place_material(home, copies.layout.material_shown, home / "none")  # a server that starts just now
        assert (home / "a.txt").read_text() == "by bob"
        fetch(settings, copies.layout, Silent())  # without handing out again: the old sheet, or the new one
        place_material(home, copies.layout.material_shown, home / "none")
        if number:
            assert (home / "sheets/sheet.txt").read_text() in (f"sheet {number - 1}", f"sheet {number}")
        update()
        place_material(home, copies.layout.material_shown, home / "none")
        assert (home / "course/f.txt").read_text() == f"f.txt {number}" * 100
        assert (home / "sheets/sheet.txt").read_text() == f"sheet {number}"
    assert killings.killed > ROUNDS / 4


def target_of(copies: Copies) -> MachineTarget:
    return make(Context(copies.settings, copies.layout, Silent()))


def delete(copies: Copies) -> None:
    """As the command does: the copies are checked first, and once more before anything goes."""
    target = target_of(copies)
    target.ensure_no_loss(DeleteOptions(homes=True))
    target.delete(DeleteOptions(homes=True))


@pytest.mark.timeout(3600)
def test_deleting_is_killed(copies: Copies, tmp_path: Path) -> None:
    place = tmp_path / "copies"
    copies.layout.accounts.write_text('{"accounts": {"anna": {"hash": "A"}, "bob": {"hash": "B"}}}')
    saving.run_save(copies, [], str(place))
    expected = {name: state(home_of(copies, name)) for name in ("anna", "bob")}
    killings = Killings(0.1)
    for number in range(ROUNDS):
        if number % 4 == 0:  # without --homes, killed or not: they stay, and their passwords
            killed_at(lambda: target_of(copies).delete(DeleteOptions()), random.uniform(0, 0.02))
            assert {name: state(home_of(copies, name)) for name in ("anna", "bob")} == expected
            assert '"A"' in copies.layout.accounts.read_text()
            continue
        killings.during(lambda: delete(copies))
        if copies.layout.root.exists():
            if not copies.layout.homes.exists() or number % 3:
                delete_what_is_left(copies, place)
            else:
                assert {name: state(home_of(copies, name)) for name in ("anna", "bob")} == expected
                delete(copies)
        assert not copies.layout.root.exists()
        saving.run_restore(copies, [], str(place), None, None)
        assert {name: state(home_of(copies, name)) for name in ("anna", "bob")} == expected
        assert '"A"' in copies.layout.accounts.read_text()
        saving.run_save(copies, [], str(place))
    assert killings.killed > ROUNDS / 4


def delete_what_is_left(copies: Copies, place: Path) -> None:
    """The same command again, after one that was killed: it must not ask for copies of what is gone already."""
    if not copies.known_places():  # killed behind the point where the list of places goes
        assert not copies.layout.homes.exists()
    delete(copies)
