"""Many homes that did not change: other processes look through them, and nothing that changed is missed."""

import os
import time
from pathlib import Path

import pytest

from skrt_hub.snapshots import fingerprints, operations
from skrt_hub.snapshots.copies import Copies
from skrt_hub.snapshots.fingerprints import Fingerprints
from skrt_workspace.home.fingerprint import fingerprint_of
from skrt_workspace.home.scan import scan
from tests.support.homes import home, hub, state

NAMES = tuple(f"p{number:02d}" for number in range(21))


@pytest.fixture
def copies(tmp_path: Path) -> Copies:
    made = hub(tmp_path / "one", *NAMES)
    old = time.time() - 100  # a file whose times are fresh is read again by the next save
    for name in NAMES:
        (home(made, name) / "lesson").mkdir()
        for path in (home(made, name) / "lesson/odd \udce4\n name", home(made, name) / "note.ipynb"):
            path.write_text(f"{path.name!r} of {name}")
            os.utime(path, (old, old))
    time.sleep(2.1)
    return made


def test_marks_are_those_of_the_homes_in_their_order(copies: Copies) -> None:
    wanted = copies.homes.all()
    (home(copies, NAMES[3]) / "note.ipynb").unlink()
    with Fingerprints(copies.homes, wanted) as found:
        assert list(found) == [fingerprint_of(list(scan(str(home(copies, name))))) for name in NAMES]


def test_a_home_that_is_gone_has_no_mark_and_moves_no_other(copies: Copies, tmp_path: Path) -> None:
    wanted = copies.homes.all()
    home(copies, NAMES[0]).rename(tmp_path / "gone")
    with Fingerprints(copies.homes, wanted) as found:
        first, *others = found
    assert first is None
    assert others == [fingerprint_of(list(scan(str(home(copies, name))))) for name in NAMES[1:]]


@pytest.mark.parametrize("program", ["the real one", "one that dies", "one that talks nonsense"])
def test_what_changed_is_saved_whether_or_not_there_are_marks(
    copies: Copies, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str
) -> None:
    if program != "the real one":
        word = "false" if program == "one that dies" else "yes"
        monkeypatch.setattr(fingerprints, "_COMMAND", (word,))
    place = str(tmp_path / "copies")
    operations.run_save(copies, [], place)
    (home(copies, NAMES[7]) / "note.ipynb").write_text("changed")
    (home(copies, NAMES[9]) / "note.ipynb").unlink()
    report = operations.run_save(copies, [], place)
    assert {row.name: row.read for row in report.homes if row.read} == {NAMES[7]: len("changed")}
    assert [row.files for row in report.homes] == [1 if name == NAMES[9] else 2 for name in NAMES]
    other = hub(tmp_path / "two")
    assert operations.run_restore(other, [], place, at=None, into=None).exit_code == 0
    for name in NAMES:
        assert state(home(other, name)) == state(home(copies, name))


def test_a_home_whose_last_copy_is_damaged_is_saved_again(copies: Copies, tmp_path: Path) -> None:
    place = tmp_path / "copies"
    operations.run_save(copies, [], str(place))
    (manifest,) = place.glob(f"saves/*/{NAMES[5]}.*")
    manifest.write_bytes(manifest.read_bytes()[:-5])
    report = operations.run_save(copies, [], str(place))
    assert [row.name for row in report.homes if row.read] == [NAMES[5]]
