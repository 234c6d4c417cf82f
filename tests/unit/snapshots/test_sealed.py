"""Encrypted copies: nothing of homes can be read without the key, all of it with it, and the key is guarded."""

import os
import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from skrt_hub import Hub
from skrt_hub.errors import CopyError, UsageError
from skrt_hub.snapshots import guard, operations, saves_key, schedule
from skrt_hub.snapshots.copies import Copies
from skrt_hub.snapshots.opening import open_repository
from skrt_hub.snapshots.repository import open_folder
from skrt_hub.snapshots.saves_key import SavesKey
from skrt_hub.snapshots.sealed import SealedRepository
from tests.support.homes import home, hub, save, shown, state

KEY = SavesKey(bytes(range(32)))
PIECE = 64 * 1024


@pytest.fixture
def key_file(tmp_path: Path, copies: Copies) -> Path:
    saves_key.make(tmp_path / "saves.key", copies.layout)
    return tmp_path / "saves.key"


def with_key(copies: Copies, file: Path | None) -> Copies:
    saves = copies.settings.saves.model_copy(update={"key": file})
    return replace(copies, settings=copies.settings.model_copy(update={"saves": saves}))


@pytest.fixture
def sealed(copies: Copies, key_file: Path) -> Copies:
    return with_key(copies, key_file)


def test_a_class_moves_whole_and_nothing_of_it_can_be_read(sealed: Copies, place: Path, tmp_path: Path) -> None:
    secret = b"the patient is called MUELLER, number 4711-0815"
    (home(sealed, "anna") / "secret.txt").write_bytes(secret)
    save(sealed, place)
    for path in (path for path in place.rglob("*") if path.is_file() and path.name != "skrt-hub-copies.json"):
        data = path.read_bytes()
        assert data.startswith(b"SKRTSEAL") or not data, path
        assert b"\x28\xb5\x2f\xfd" not in data[:64], "no zstd frame shows"
    other = with_key(hub(tmp_path / "two"), sealed.settings.saves.key)
    operations.run_restore(other, [], str(place), None, None)
    assert state(home(other, "anna")) == state(home(sealed, "anna"))
    assert operations.run_verify(other, str(place)).exit_code == 0
    assert operations.run_compare(other, [], str(place)).exit_code == 0
    assert operations.run_save(sealed, [], str(place)).new == 0, "contents are kept once, encrypted as well"


def test_without_the_key_or_with_another_it_says_which(sealed: Copies, place: Path, tmp_path: Path) -> None:
    save(sealed, place)
    with pytest.raises(CopyError, match="are encrypted, and"):
        operations.run_list(with_key(sealed, None), str(place))
    saves_key.make(tmp_path / "other.key", sealed.layout)
    with pytest.raises(CopyError, match="another key"):
        operations.run_list(with_key(sealed, tmp_path / "other.key"), str(place))
    with pytest.raises(CopyError, match="cannot be read"):
        operations.run_list(with_key(sealed, tmp_path / "gone.key"), str(place))


def test_copies_that_are_not_encrypted_are_read_and_not_added_to(copies: Copies, key_file: Path, place: Path) -> None:
    save(copies, place)
    assert operations.run_verify(with_key(copies, key_file), str(place)).exit_code == 0
    with pytest.raises(CopyError, match="are not encrypted"):
        save(with_key(copies, key_file), place)


def test_who_can_write_to_the_place_cannot_put_other_copies_there(sealed: Copies, place: Path, tmp_path: Path) -> None:
    """They cannot seal any, but unencrypted ones need no key."""
    saves = sealed.settings.saves.model_copy(update={"place": str(place)})
    own = replace(sealed, settings=sealed.settings.model_copy(update={"saves": saves}))
    operations.run_save(own, [], None)
    shutil.rmtree(place)
    attacker = hub(tmp_path / "two", "anna")
    (home(attacker, "anna") / ".bashrc").write_text("evil")
    save(attacker, place)
    with pytest.raises(CopyError, match="are not encrypted") as refused:
        operations.run_restore(own, [], None, None, None)
    assert "--from" in refused.value.remedy
    assert not (home(own, "anna") / ".bashrc").exists()


def test_delete_counts_on_copies_only_with_their_key(sealed: Copies, place: Path) -> None:
    save(sealed, place)
    assert guard.unsaved(sealed) == []
    assert len(guard.unsaved(with_key(sealed, None))) == 2


@pytest.mark.parametrize("size", [0, 1, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE + 7])
def test_every_part_of_a_file_reads_as_it_was_put(tmp_path: Path, size: int) -> None:
    place = SealedRepository(open_folder(tmp_path / "x", create=True), KEY)
    data = os.urandom(size)
    place.put("packs/a", [data[: size // 3], data[size // 3 :]])
    assert place.holds("packs/a", data)
    assert not place.holds("packs/a", data + b"x")
    fresh = SealedRepository(open_folder(tmp_path / "x", create=False), KEY)
    for start in {0, 1, PIECE - 1, PIECE, size // 2, size}:
        for length in (None, 0, 1, PIECE, size):
            end = None if length is None else start + length
            assert fresh.get("packs/a", start, length) == data[start:end]


def test_a_file_that_was_changed_cut_or_renamed_does_not_open(tmp_path: Path) -> None:
    inner = open_folder(tmp_path / "x", create=True)
    place = SealedRepository(inner, KEY)
    data = os.urandom(2 * PIECE)
    place.put("packs/a", data)
    whole = inner.get("packs/a")
    head, step = 48, PIECE + 16
    swapped = whole[:head] + whole[head + step :] + whole[head : head + step]
    for bad in (whole[:-1], whole + b"x", whole[:-step], whole[:60] + b"?" + whole[61:], swapped, b"plain", b""):
        inner.put("packs/a", bad)
        with pytest.raises(CopyError, match="damaged"):
            SealedRepository(inner, KEY).get("packs/a")
        assert not place.holds("packs/a", data)
    inner.put("packs/b", whole)
    with pytest.raises(CopyError):
        place.get("packs/b")


def test_a_file_put_anew_by_another_process_is_read(tmp_path: Path) -> None:
    one, two = (SealedRepository(open_folder(tmp_path / "x", create=True), KEY) for _ in range(2))
    one.put("packs/a", b"first")
    assert two.get("packs/a", 0, 2) == b"fi"
    one.put("packs/a", b"second")
    assert two.get("packs/a", 0, 2) == b"se"


def test_the_same_content_is_sealed_otherwise_each_time(tmp_path: Path) -> None:
    inner = open_folder(tmp_path / "x", create=True)
    for name in ("packs/a", "packs/b"):
        SealedRepository(inner, KEY).put(name, bytes(100))
    assert inner.get("packs/a")[48:] != inner.get("packs/b")[48:]


def test_an_older_skrt_hub_says_that_it_does_not_know_such_copies(sealed: Copies, place: Path) -> None:
    save(sealed, place)
    assert '"format": 2' in re.sub(r"\s+", " ", (place / "skrt-hub-copies.json").read_text())


def test_a_key_reads_back_also_from_paper_and_mistakes_are_found(tmp_path: Path, copies: Copies) -> None:
    made = saves_key.make(tmp_path / "k", copies.layout)
    assert (tmp_path / "k").stat().st_mode & 0o777 == 0o600
    text = (tmp_path / "k").read_text()
    assert made.secret.hex() not in text
    typed = tmp_path / "typed"
    typed.write_text(text.lower().replace("-", " ").replace("skrt hub saves key 1", "skrt-hub-saves-key-1"))
    assert saves_key.read(typed) == made
    letters = text.splitlines()[-1]
    for bad in (letters[:-1], letters[:-1] + ("A" if letters[-1] != "A" else "B"), "", "letters"):
        typed.write_text(text.replace(letters, bad))
        with pytest.raises(CopyError, match="no key of saved copies, or has a mistake"):
            saves_key.read(typed)


def test_a_key_is_never_written_over_or_put_into_the_hubs_folder(copies: Copies, key_file: Path) -> None:
    with pytest.raises(UsageError, match="exists already"):
        saves_key.make(key_file, copies.layout)
    with pytest.raises(UsageError, match="own folder"):
        saves_key.make(copies.layout.root / "k", copies.layout)
    inside = copies.layout.root / "k"
    inside.write_bytes(key_file.read_bytes())
    with pytest.raises(UsageError, match="own folder"):
        operations.run_list(with_key(copies, inside), "/nowhere")


def test_it_is_said_loudly_until_a_second_copy_was_shown(sealed: Copies, place: Path, tmp_path: Path) -> None:
    report = operations.run_save(sealed, [], str(place))
    assert "ATTENTION" in shown(report)
    assert "ALL SAVED COPIES ARE LOST" in shown(report)
    assert "ALL SAVED COPIES ARE LOST" in schedule.note(sealed.settings, sealed.layout)
    key_file = sealed.settings.saves.key
    assert key_file is not None
    (tmp_path / "link").symlink_to(key_file)
    for same in (key_file, tmp_path / "link"):
        with pytest.raises(UsageError, match="is the key itself"):
            saves_key.show_copy(same, sealed.settings, sealed.layout)
    saves_key.make(tmp_path / "wrong", sealed.layout)
    with pytest.raises(CopyError, match="another key"):
        saves_key.show_copy(tmp_path / "wrong", sealed.settings, sealed.layout)
    (tmp_path / "stick").write_bytes(key_file.read_bytes())
    saves_key.show_copy(tmp_path / "stick", sealed.settings, sealed.layout)
    assert operations.run_save(sealed, [], str(place)).warning == ""
    assert schedule.note(sealed.settings, sealed.layout) == ""
    key_file.unlink()
    assert "cannot be read" in schedule.note(sealed.settings, sealed.layout)


def test_a_hub_makes_and_checks_it(tmp_path: Path) -> None:
    made = Hub.load(state=tmp_path / "state").make_saves_key(tmp_path / "k")
    assert any("NOBODY" in line for line in made.lines)
    with pytest.raises(UsageError, match=r"hub\.yaml names no key"):
        Hub.load(state=tmp_path / "state").show_saves_key(tmp_path / "k")


def test_what_is_sealed_opens_with_the_few_lines_in_the_guide(sealed: Copies, place: Path, tmp_path: Path) -> None:
    """Nobody depends on this program to get their work back."""
    save(sealed, place)
    guide = (Path(__file__).parents[3] / "docs/how-to/encrypted-copies.md").read_text()
    code = guide.split("```python\n")[1].split("```")[0]
    names: dict[str, object] = {}
    exec(code, names)
    opened, read_key = names["opened"], names["key_in"]
    assert callable(opened)
    assert callable(read_key)
    secret = read_key(sealed.settings.saves.key)
    place_opened = open_repository(str(place), key=SavesKey(secret))
    files = [*place_opened.names("packs"), *place_opened.names("saves")]
    assert len(files) > 3
    for name in files:
        assert opened(secret, place, name) == place_opened.get(name)
