"""One home cannot hold up the others' copies; and what could not be saved is not lost by `delete`."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from skrt_hub.snapshots import guard, manifest, operations
from skrt_hub.snapshots.copies import Copies
from skrt_hub.snapshots.opening import open_repository
from skrt_workspace.home import scan as scanning
from tests.support.homes import home, hub, save

TERABYTES = 8 * 10**12


@pytest.fixture
def copies(tmp_path: Path) -> Copies:
    made = hub(tmp_path / "one", "anna", "bob")
    for name in ("anna", "bob"):
        (home(made, name) / "work.txt").write_text(f"by {name}")
    with (home(made, "anna") / "huge.raw").open("wb") as file:
        file.truncate(TERABYTES)
        file.seek(3 * 10**12)
        file.write(b"a few words")
    return made


def test_a_file_of_terabytes_without_anything_in_it_is_saved_compared_and_restored(
    copies: Copies, tmp_path: Path
) -> None:
    began = time.monotonic()
    place = tmp_path / "copies"
    save(copies, place)
    save(copies, place)  # as it was before: from the last manifest
    assert operations.run_verify(copies, str(place)).problems == ()
    assert [row.different for row in operations.run_compare(copies, ["anna"], str(place)).homes] == [()]
    (home(copies, "anna") / "huge.raw").unlink()
    (row,) = operations.run_restore(copies, ["anna"], str(place), None, None).homes
    assert (row.restored, row.failed) == (1, ())
    back = home(copies, "anna") / "huge.raw"
    assert back.stat().st_size == TERABYTES
    with back.open("rb") as file:
        file.seek(3 * 10**12)
        assert file.read(11) == b"a few words"
    assert time.monotonic() - began < 60


def test_a_home_that_takes_long_is_saved_last(copies: Copies, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put: list[str] = []
    place = open_repository(str(tmp_path / "copies"), create=True)
    original = type(place).put

    def note(self: object, name: str, data: bytes) -> None:
        put.append(name)
        original(place, name, data)

    monkeypatch.setattr(type(place), "put", note)
    save(copies, tmp_path / "copies")
    homes = [name.rpartition("/")[2].partition(".")[0] for name in put if name.startswith("saves/")]
    assert homes.index("bob") < homes.index("anna")


@pytest.mark.parametrize(
    ("why", "lost"), [("Permission denied", True), (scanning.TOO_DEEP, True), (scanning.SPECIAL, False)]
)
def test_what_could_not_be_saved_is_guarded(
    copies: Copies, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, why: str, lost: bool
) -> None:
    homes = type(copies.homes)
    original: Callable[..., object] = homes.scan

    def scan(self: object, which: object) -> object:
        yield from original(self, which)  # type: ignore[misc]
        yield scanning.Entry("out of reach", scanning.LEFT_OUT, target=why)

    monkeypatch.setattr(homes, "scan", scan)
    save(copies, tmp_path / "copies")
    assert bool(guard.unsaved(copies)) is lost


def test_a_copy_of_a_dense_file_of_zeros_from_before_there_were_runs_is_still_the_same(copies: Copies) -> None:
    """Such a copy has the plain SHA-256 of the whole file, and its empty pieces as contents."""
    import hashlib

    from skrt_hub.snapshots import verify
    from skrt_workspace.home.content import PIECE

    content = bytes(PIECE) + b"x" * 10
    (home(copies, "bob") / "zeros").write_bytes(content)
    (bob,) = [one for one in copies.homes.all() if one.name == "bob"]
    entries = {entry.path: entry for entry in copies.homes.scan(bob)}
    pieces = tuple(hashlib.sha256(part).digest() for part in (bytes(PIECE), b"x" * 10))
    old = manifest.Saved(entries["zeros"], hashlib.sha256(content).hexdigest(), pieces)
    data = manifest.write(manifest.Head("bob", "bob", "2026-11-23T08:00:00+00:00"), [old])
    head, saved = manifest.read(data)
    assert head.format == manifest.FORMAT
    assert verify.compare(copies.homes, bob, saved).different == []
