"""One person is taken out of saved copies, and nobody else loses anything."""

import hashlib
import json
import os
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import zstandard

from skrt_hub.hub.accounts import accounts_of
from skrt_hub.snapshots import operations, packs, saves_key
from skrt_hub.snapshots.copies import Copies
from skrt_hub.snapshots.erasing import erase
from tests.support.homes import START, home, hub, save, state

OWN, COMMON = b"only Anna wrote this, and it is long enough to be found", os.urandom(4000)


@pytest.fixture
def held(copies: Copies, place: Path) -> Copies:
    """Anna and Bjoern, saved twice; one content is of both."""
    for name in ("anna", "Björn Ö."):
        (home(copies, name) / "common").write_bytes(COMMON)
        accounts_of(copies.layout).set(name, "a long password")
    (home(copies, "anna") / "own.txt").write_bytes(OWN)
    (home(copies, "Björn Ö.") / "large").write_bytes(os.urandom(3_000_000))  # most of the pack is not Anna's
    save(copies, place)
    (home(copies, "anna") / "second.txt").write_bytes(OWN + b" again")
    save(copies, place, at=START + timedelta(hours=1))
    return copies


def contents(place: Path) -> set[str]:
    """The hashes of all contents in all packs, as the files themselves have them."""
    found: set[str] = set()
    for pack in (place / "packs").glob("*.tar.zst"):
        data = zstandard.ZstdDecompressor().stream_reader(pack.read_bytes(), read_across_frames=True).read()
        found |= {data[at : at + 64].decode("ascii", "replace") for at in range(0, len(data), 512)}
    return found


def test_nothing_of_one_is_left_and_all_of_the_other(held: Copies, place: Path, tmp_path: Path) -> None:
    digest = hashlib.sha256(OWN).hexdigest()
    assert digest in contents(place)
    done, failed = erase(held, "anna")
    assert (done.found, failed) == (True, ())
    assert "2 saved copies of the home are gone" in done.lines[0]
    assert digest not in contents(place)
    assert not list(held.layout.saves.glob("*.sqlite")), "a file of a database keeps what was deleted in it"
    assert hashlib.sha256(COMMON).hexdigest() in contents(place), "it is the other's, too"
    assert not [path for path in place.rglob("*") if "anna" in path.name]
    for file in place.glob("saves/*/*.json"):
        assert "anna" not in json.dumps(json.loads(file.read_text()))
    assert "Björn Ö." in json.loads(next(place.glob("saves/*/accounts.json")).read_text())["accounts"]
    assert operations.run_verify(held, str(place)).exit_code == 0
    other = hub(tmp_path / "two")
    report = operations.run_restore(other, [], str(place), None, None)
    assert [row.name for row in report.homes] == ["Björn Ö."]
    assert state(home(other, "Björn Ö.")) == state(home(held, "Björn Ö."))


def test_again_it_finds_nothing_and_later_saves_go_on(held: Copies, place: Path) -> None:
    erase(held, "anna")
    done, failed = erase(held, "anna")
    assert (done.found, failed) == (False, ())
    save(held, place, "anna", at=START + timedelta(hours=2))
    assert operations.run_verify(held, str(place)).exit_code == 0
    assert hashlib.sha256(OWN).hexdigest() in contents(place)


def test_a_save_that_had_nobody_else_goes_whole(copies: Copies, place: Path) -> None:
    save(copies, place, "anna")
    erase(copies, "anna")
    assert not list(place.glob("saves/*/*"))
    assert not list(place.glob("packs/*"))


def test_a_home_that_was_moved_aside_goes_too_and_a_similar_name_stays(copies: Copies, place: Path) -> None:
    aside = copies.layout.homes / "removed-anna-2026-11-29-100000"
    home(copies, "anna").rename(aside)
    other = hub(copies.layout.root, "annabel")
    (home(other, "annabel") / "hers").write_bytes(b"hers")
    save(copies, place)
    erase(copies, "anna")
    left = {folder.name.split(".")[0] for folder in place.glob("saves/*/*.jsonl.zst")}
    assert "annabel" in left
    assert not any("anna-" in name for name in left)


def test_a_place_that_cannot_be_reached_is_named(held: Copies, place: Path, tmp_path: Path) -> None:
    second = tmp_path / "drive"
    save(held, second, at=START + timedelta(hours=3))
    second.rename(tmp_path / "away")
    done, failed = erase(held, "anna")
    assert done.found
    (line,) = failed
    assert str(second) in line
    (tmp_path / "away").rename(second)
    done, failed = erase(held, "anna")
    assert done.found
    assert not failed


def test_encrypted_copies_too(copies: Copies, place: Path, tmp_path: Path) -> None:
    saves_key.make(tmp_path / "key", copies.layout)
    saves = copies.settings.saves.model_copy(update={"key": tmp_path / "key"})
    sealed = replace(copies, settings=copies.settings.model_copy(update={"saves": saves}))
    save(sealed, place)
    done, failed = erase(sealed, "anna")
    assert (done.found, failed) == (True, ())
    assert operations.run_verify(sealed, str(place)).exit_code == 0
    assert erase(copies, "anna")[1], "without the key nobody can look"


def test_a_pack_that_was_large_already_is_written_anew(held: Copies, place: Path) -> None:
    before = {path.name for path in place.glob("packs/*.tar.zst")}
    erase(held, "anna")
    after = {path.name for path in place.glob("packs/*.tar.zst")}
    assert not before & after
    assert all(packs.name_from(f"packs/{name}") == hashlib.sha256((place / "packs" / name).read_bytes()).hexdigest()
               for name in after)  # fmt: skip
