"""The walk through a home: all of it, nothing but it, however deep, locked or changed under its feet."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from skrt_workspace.home import walk
from skrt_workspace.home.content import PIECE, RUNS, Digest, Empty, digest_of_content, parts
from skrt_workspace.home.scan import FILE, FOLDER, LEFT_OUT, LINK, scan
from skrt_workspace.home.transfer import Step, digests, reading, receive

DEEP = 5000
NOBODY = 65534


def deep(root: Path, depth: int, name: str = "d") -> None:
    """Folders in each other, made without a path that is longer than one name."""
    handle = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
    for _ in range(depth):
        os.mkdir(name, dir_fd=handle)
        deeper = os.open(name, walk.FOLDER, dir_fd=handle)
        os.close(handle)
        handle = deeper
    file = os.open("at the bottom", os.O_WRONLY | os.O_CREAT, 0o600, dir_fd=handle)
    os.write(file, b"found")
    os.close(file)
    os.close(handle)


def removed(root: Path) -> bool:
    return walk.remove_tree(root) == [] and not root.exists()


def test_a_home_of_5000_nested_folders_is_measured_listed_read_and_removed(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    deep(home, DEEP)
    assert walk.size_of(home) >= DEEP
    bottom = [entry for entry in scan(str(home)) if entry.kind == FILE]
    assert [entry.path.count("/") for entry in bottom] == [DEEP]
    with reading(str(home), bottom[0].path) as file:
        assert list(file.pieces()) == [b"found"]
    assert removed(home)


def test_paths_of_megabytes_take_no_memory_and_are_told(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    deep(home, 1500, "n" * 255)
    found = list(scan(str(home)))
    assert found[-1].kind == LEFT_OUT
    assert "deep" in found[-1].target
    assert sum(len(entry.path) for entry in found) < 10_000_000
    assert walk.size_of(home) >= 1500
    assert removed(home)


def as_ordinary_user(what: Callable[[], None]) -> None:
    """Run it with no right of root's; its asserts count."""
    if os.geteuid() != 0:
        what()
        return
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            os.setgroups([])
            os.setresgid(NOBODY, NOBODY, NOBODY)
            os.setresuid(NOBODY, NOBODY, NOBODY)
            what()
            code = 0
        except BaseException:
            sys.excepthook(*sys.exc_info())
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


@pytest.fixture
def owned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of the ordinary user's, which that user can reach."""
    base = Path(subprocess.check_output(["mktemp", "-d", "/tmp/walk-XXXXXX"], text=True).strip())
    home = base / "home"
    home.mkdir()
    if os.geteuid() == 0:
        base.chmod(0o755)
        os.chown(base, NOBODY, NOBODY)
        os.chown(home, NOBODY, NOBODY)
    return home


@pytest.mark.parametrize("mode", [0o000, 0o100, 0o200, 0o300, 0o400, 0o500, 0o600])
def test_folders_that_their_owner_has_locked_are_read_left_locked_and_removed(owned: Path, mode: int) -> None:
    def body() -> None:
        inner = owned / "locked" / "inner"
        inner.mkdir(parents=True)
        (inner / "work").write_text("mine")
        (inner / "work").chmod(0)
        for folder in (inner, inner.parent):
            folder.chmod(mode)
        assert walk.size_of(owned) > 0
        found = {entry.path: entry for entry in scan(str(owned))}
        assert found["locked/inner/work"].kind == FILE
        with reading(str(owned), "locked/inner/work") as file:
            assert b"".join(map(bytes, file.pieces())) == b"mine"  # type: ignore[arg-type]
        assert stat.S_IMODE(inner.parent.stat().st_mode) == mode
        assert found["locked"].mode == mode
        assert walk.remove_tree(owned) == []
        assert not owned.exists()

    as_ordinary_user(body)


NAMES = st.sampled_from(["a", "b", "ä", "x" * 200, ".hidden", "new\nline", "\udcff"])
MODES = st.sampled_from([0o700, 0o500, 0o000, 0o300])


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    plan=st.recursive(
        st.sampled_from(["file", "link", "pipe", "dangling"]),
        lambda inner: st.tuples(MODES, st.dictionaries(NAMES, inner, max_size=4)),
        max_leaves=25,
    )
)
def test_whatever_a_home_looks_like_all_of_it_is_found_and_nothing_outside(owned: Path, plan: object) -> None:
    outside = owned.parent / "outside"
    outside.mkdir(exist_ok=True)
    outside.chmod(0o777)
    secret = outside / "secret"
    secret.write_text("nobody's business")
    made: set[str] = set()

    def body() -> None:
        home = owned / "tree"
        home.mkdir()
        _make(home, plan, "", made, outside)
        found = {entry.path for entry in scan(str(home))}
        assert found == made
        walk.size_of(home)
        assert removed(home)

    as_ordinary_user(body)
    assert secret.read_text() == "nobody's business"
    assert list(outside.iterdir()) == [secret]


def _make(at: Path, plan: object, path: str, made: set[str], outside: Path) -> None:
    if not isinstance(plan, tuple):
        return
    mode, inside = plan
    for name, thing in inside.items():
        place, relative = at / name, f"{path}/{name}".lstrip("/")
        made.add(relative)
        if isinstance(thing, tuple):
            place.mkdir()
            _make(place, thing, relative, made, outside)
        elif thing == "file":
            place.write_text("content")
        elif thing == "pipe":
            os.mkfifo(place)
        else:
            place.symlink_to(outside if thing == "link" else "/nowhere")
    if path:
        at.chmod(mode)


@pytest.mark.parametrize("away", [("d/d",), ("d",), ("d/d", "d")])
def test_a_folder_that_is_moved_while_it_is_walked_through_leads_nowhere_else(
    tmp_path: Path, away: tuple[str, ...]
) -> None:
    home, other = tmp_path / "home", tmp_path / "other"
    (other / "deep").mkdir(parents=True)
    (other / "secret").touch()
    home.mkdir()
    deep(home, 100)
    (home / "d/z").mkdir()
    told, found = [], []
    for step in walk.walk(home):
        if isinstance(step, walk.Unread):
            told.append(step.why)
            continue
        found.append(step.path)
        assert "secret" not in step.names
        if step.depth == 90:
            for number, path in enumerate(away):  # `..` of what was moved is now somebody else's folder
                (home / path).rename(other / f"deep/{number}")
    both = len(away) == 2
    assert told == ([walk.MOVED] if both else [])
    assert ("d/z" in found) is not both


def test_a_link_in_place_of_a_folder_is_not_followed(tmp_path: Path) -> None:
    home, outside = tmp_path / "home", tmp_path / "outside"
    (home / "folder").mkdir(parents=True)
    outside.mkdir()
    (outside / "kept").touch()
    told = []
    for step in walk.Walk(home, rights=walk.TO_REMOVE):
        if not step.path:
            (home / "folder").rmdir()
            (home / "folder").symlink_to(outside)
        told.append(step)
    assert isinstance(told[-1], walk.Unread)
    assert removed(home)
    assert (outside / "kept").exists()


def test_a_file_of_8_terabytes_without_anything_in_it_takes_no_time_and_comes_back(tmp_path: Path) -> None:
    size = 8 * 10**12 + 17
    home, back = tmp_path / "home", tmp_path / "back"
    home.mkdir()
    back.mkdir()
    with (home / "huge").open("wb") as file:
        file.truncate(size)
        file.seek(5 * 10**12)
        file.write(b"the only word")
    ((_, digest),) = digests(str(home), ["huge"])
    assert digest is not None and digest.startswith(RUNS)
    with reading(str(home), "huge") as opened:
        (outcome,) = receive(str(back), [Step("huge", FILE, digest=digest, pieces=opened.pieces())])
    assert outcome.problem == ""
    assert (back / "huge").stat().st_size == size
    assert (back / "huge").stat().st_blocks < 100_000
    assert list(digests(str(back), ["huge"])) == [("huge", digest)]


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.integers(1, 2)), min_size=1, max_size=5), st.integers(0, 1000))
def test_a_digest_depends_on_the_content_alone(layout: list[tuple[bool, int]], rest: int) -> None:
    """Holes and zeros are the same content, whatever the file system has made of them."""
    import tempfile

    content = b"".join((b"x" * PIECE if there else bytes(PIECE)) * count for there, count in layout) + b"y" * rest
    with tempfile.TemporaryFile() as dense, tempfile.TemporaryFile() as sparse:
        dense.write(content)
        dense.flush()
        position = 0
        for start in range(0, len(content), PIECE):
            piece = content[start : start + PIECE]
            if piece.strip(b"\0"):
                os.pwrite(sparse.fileno(), piece, start)
            position = start + len(piece)
        sparse.truncate(position)
        assert digest_of_content(dense.fileno()) == digest_of_content(sparse.fileno())
        again = Digest()
        for part in parts(dense.fileno(), len(content)):
            again.update(part)
        assert again.text() == digest_of_content(sparse.fileno())
        assert (RUNS in again.text()) == any(isinstance(p, Empty) for p in parts(sparse.fileno(), len(content)))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_what_somebody_puts_in_the_place_of_a_made_folder_does_not_become_theirs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A home's owner can rename what the hub has just made in it, before the hub gives it away."""
    other = tmp_path / "of somebody else"
    other.write_text("secret", encoding="utf-8")
    home = tmp_path / "home"
    home.mkdir()
    make = os.mkdir

    def swapped(name: str, mode: int = 0o777, *, dir_fd: int) -> None:
        make(name, mode, dir_fd=dir_fd)
        os.rmdir(name, dir_fd=dir_fd)
        os.link(other, name, dst_dir_fd=dir_fd)

    monkeypatch.setattr(os, "mkdir", swapped)
    list(receive(str(home), [Step("made", FOLDER)], 12345))
    assert other.stat().st_uid == 0
    monkeypatch.undo()
    outcomes = list(receive(str(home), [Step("whole", FOLDER), Step("link", LINK, target="/etc/hostname")], 12345))
    assert [outcome.problem for outcome in outcomes] == ["", ""]
    assert [(home / name).lstat().st_uid for name in ("whole", "link")] == [12345, 12345]
    assert Path("/etc/hostname").stat().st_uid == 0
