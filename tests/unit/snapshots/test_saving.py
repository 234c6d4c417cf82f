"""Saved copies: what comes back is what was there, nothing newer is lost, and nothing hostile gets in."""

import hashlib
import os
import tarfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from skrt_hub.errors import BusyError, CopyError, RefusedError, SpaceError, UnknownNameError, UsageError
from skrt_hub.snapshots import catalogue, index, manifest, operations, packs, reader, retention
from skrt_hub.snapshots.copies import Copies
from skrt_hub.snapshots.manifest import Head, Saved
from skrt_hub.snapshots.repository import FolderRepository
from skrt_workspace.home.scan import FILE, FOLDER, HARD_LINK, LINK, Entry
from tests.support.homes import START, home, hub, save, shown, state


def test_a_class_moves_to_another_hub_whole(copies: Copies, place: Path, tmp_path: Path) -> None:
    save(copies, place)
    other = hub(tmp_path / "two")
    report = operations.run_restore(other, [], str(place), None, None)
    assert [row.name for row in report.homes] == ["anna", "Björn Ö."]
    before = state(home(copies, "anna"))
    assert state(home(other, "anna")) == before
    assert state(home(other, "Björn Ö.")) == state(home(copies, "Björn Ö."))
    compared = operations.run_compare(other, [], str(place))
    assert compared.exit_code == 0
    assert sum(row.equal for row in compared.homes) == 10  # 8 files (one has two names) and 2 links


def test_the_second_save_reads_nothing_that_did_not_change(
    copies: Copies, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = time.time() - 100
    for path in home(copies, "anna").rglob("*"):
        if path.is_file() and not path.is_symlink():
            os.utime(path, (old, old))
    # A file whose times are this fresh is read again, in case it changed within the clock's tick.
    monkeypatch.setattr(reader, "_COARSE_CLOCK", 0)
    save(copies, place, "anna")
    report = operations.run_save(copies, ["anna"], str(place))
    assert report.homes[0].read == 0
    assert report.new == 0
    (home(copies, "anna") / "note.ipynb").write_text("changed")
    report = operations.run_save(copies, ["anna"], str(place))
    assert report.homes[0].read == len("changed")


def test_equal_contents_are_kept_once(copies: Copies, place: Path) -> None:
    content = os.urandom(100_000)
    for name in ("anna", "Björn Ö."):
        (home(copies, name) / "same").write_bytes(content)
    (home(copies, "anna") / "same again").write_bytes(content)
    save(copies, place)
    listed: list[bytes] = []
    for file in place.glob("packs/*.idx.zst"):
        listed += [digest for digest, _ in packs.read_index("x", file.read_bytes())]
    assert listed.count(hashlib.sha256(content).digest()) == 1


def test_packs_can_be_read_with_tar_alone(copies: Copies, place: Path, tmp_path: Path) -> None:
    save(copies, place)
    contents = {}
    for file in place.glob("packs/*.tar.zst"):
        plain = tmp_path / "plain.tar"
        with file.open("rb") as packed, plain.open("wb") as unpacked:
            reader = zstandard.ZstdDecompressor().stream_reader(packed, read_across_frames=True)
            unpacked.write(reader.read())
        with tarfile.open(plain) as tar:
            for member in tar:
                stream = tar.extractfile(member)
                assert stream is not None
                contents[member.name] = stream.read()
    assert contents[hashlib.sha256(b'{"cells": []}').hexdigest()] == b'{"cells": []}'
    assert all(hashlib.sha256(content).hexdigest() == name for name, content in contents.items())


def test_what_is_newer_stays_and_the_copy_lands_beside(copies: Copies, place: Path) -> None:
    save(copies, place, "anna")
    folder = home(copies, "anna")
    (folder / "note.ipynb").unlink()
    (folder / "note.ipynb").write_text("newer work")
    (folder / "empty").unlink()
    report = operations.run_restore(copies, ["anna"], str(place), None, None)
    assert (folder / "note.ipynb").read_text() == "newer work"
    (beside,) = folder.glob("note (saved *).ipynb")
    assert beside.read_text() == '{"cells": []}'
    assert (folder / "empty").exists()
    assert report.homes[0].beside == (beside.name,)
    before = state(folder)
    operations.run_restore(copies, ["anna"], str(place), None, None)
    assert state(folder) == before, "a second restore must change nothing"


def test_of_a_history_the_newer_one_stays_and_no_copy_lands_beside(copies: Copies, place: Path) -> None:
    folder = home(copies, "anna")
    ipython, jupyter = folder / ".ipython/profile_default", folder / ".local/share/jupyter"
    ipython.mkdir(parents=True)
    jupyter.mkdir(parents=True)
    histories = (ipython / "history.sqlite", jupyter / "nbsignatures.db", folder / ".bash_history")
    for path in histories:
        path.write_text("as it was saved")
    (ipython / "history.sqlite-journal").write_text("of the saved one")
    first = save(copies, place, "anna")
    for path in histories:
        path.write_text("went on since it was saved")
    (ipython / "history.sqlite-journal").unlink()
    before = state(folder)
    report = operations.run_restore(copies, ["anna"], str(place), None, None)
    assert (report.homes[0].beside, report.homes[0].failed) == ((), ())
    names = {path.relative_to(folder).as_posix() for path in histories}
    journal = ".ipython/profile_default/history.sqlite-journal"
    assert set(report.homes[0].stayed) == {*names, journal}, "nothing is left out without a word"
    assert set(report.as_json()["homes"][0]["stayed"]) == {*names, journal}
    assert "anna: histories that stayed as they are; --into a new folder brings the saved ones: .bash_history" in shown(
        report
    )
    assert state(folder) == before, "a journal beside another state of its database would damage that"

    for path in histories:
        os.utime(path, (0, 0))
    report = operations.run_restore(copies, ["anna"], str(place), None, None)
    assert len(report.homes[0].beside) == len(histories), "what is older in the home is no reason to hide a newer one"
    assert not (ipython / "history.sqlite-journal").exists()
    assert report.homes[0].stayed == (journal,)
    save(copies, place, "anna", at=START + timedelta(hours=1))
    operations.run_restore(copies, ["anna"], str(place), first, None)
    assert {path.read_text() for path in histories} == {"as it was saved"}, "the newest copy has the other"


def test_an_older_copy_replaces_only_what_the_newest_copy_has(copies: Copies, place: Path) -> None:
    folder = home(copies, "anna")
    first = save(copies, place, "anna")
    (folder / "empty").write_text("second")
    save(copies, place, "anna", at=START + timedelta(hours=1))
    report = operations.run_restore(copies, ["anna"], str(place), first, None)
    assert (folder / "empty").read_text() == ""
    assert report.homes[0].replaced == ("empty",)
    assert not report.homes[0].beside


def test_a_link_planted_in_place_of_a_folder_is_not_followed(copies: Copies, place: Path, tmp_path: Path) -> None:
    save(copies, place, "anna")
    folder = home(copies, "anna")
    outside = tmp_path / "outside"
    outside.mkdir()
    (folder / "sub").rename(folder / "gone")
    (folder / "sub").symlink_to(outside)
    operations.run_restore(copies, ["anna"], str(place), None, None)
    assert not list(outside.iterdir())
    (beside,) = folder.glob("sub (saved *)")
    assert (beside / "deep/run.sh").read_text() == "#!/bin/sh\n"


def test_a_restore_into_a_folder_leaves_out_links_that_lead_out(copies: Copies, place: Path, tmp_path: Path) -> None:
    save(copies, place, "anna")
    report = operations.run_restore(copies, ["anna"], str(place), None, tmp_path / "look")
    assert not (tmp_path / "look/anna/out").is_symlink()
    assert (tmp_path / "look/anna/link").is_symlink()
    assert report.homes[0].left_out == ("out",)


def test_passwords_come_with_the_homes_and_replace_none(copies: Copies, place: Path, tmp_path: Path) -> None:
    copies.layout.accounts.write_text('{"accounts": {"anna": {"hash": "A"}, "zoe": {"hash": "Z"}}}')
    save(copies, place)
    other = hub(tmp_path / "two")
    other.layout.accounts.write_text('{"accounts": {"björn ö.": {"hash": "B"}}}')
    assert operations.run_restore(other, [], str(place), None, None).accounts == 1
    text = other.layout.accounts.read_text()
    assert '"A"' in text
    assert '"B"' in text
    assert '"Z"' not in text, "only homes that were restored bring their passwords"


def test_damage_is_found_and_told(copies: Copies, place: Path) -> None:
    save(copies, place)
    assert operations.run_verify(copies, str(place)).problems == ()
    pack = max(place.glob("packs/*.tar.zst"), key=lambda path: path.stat().st_size)
    data = bytearray(pack.read_bytes())
    data[len(data) // 2] ^= 1
    pack.write_bytes(data)
    report = operations.run_verify(copies, str(place))
    assert report.exit_code == 17
    assert any("damaged" in problem for problem in report.problems)


def test_nothing_is_written_from_a_damaged_copy(copies: Copies, place: Path, tmp_path: Path) -> None:
    save(copies, place)
    for file in place.glob("packs/*.idx.zst"):
        file.unlink()
    other = hub(tmp_path / "two")
    with pytest.raises(CopyError, match="missing"):
        operations.run_restore(other, ["anna"], str(place), None, None)
    assert not list(other.layout.homes.iterdir())


@pytest.mark.parametrize("cut", [1, 10, 100])
def test_a_cut_manifest_is_no_manifest(copies: Copies, place: Path, cut: int) -> None:
    save(copies, place, "anna")
    (file,) = place.glob("saves/*/anna.jsonl.zst")
    with pytest.raises(CopyError, match="damaged"):
        manifest.read(file.read_bytes()[:-cut])


DIGEST = hashlib.sha256(b"x").hexdigest()
HOSTILE = {
    "absolute": [Entry("/etc/passwd", FILE, 0o644, 1)],
    "parent": [Entry("../x", FILE, 0o644, 1)],
    "inner parent": [Entry("a", FOLDER), Entry("a/../x", FILE, 0o644, 1)],
    "below a link": [Entry("a", LINK, target="/etc"), Entry("a/x", FILE, 0o644, 1)],
    "below nothing": [Entry("a/x", FILE, 0o644, 1)],
    "twice": [Entry("a", FILE, 0o644, 1), Entry("a", LINK, target="b")],
    "set user id": [Entry("a", FILE, 0o4755, 1)],
    "device": [Entry("a", "c", 0o644)],
    "hard link out": [Entry("a", HARD_LINK, target="../../etc/shadow")],
    "hard link to a link": [Entry("a", LINK, target="/etc/shadow"), Entry("b", HARD_LINK, target="a")],
    "bomb": [Entry("a", FILE, 0o644, 10**12)],
}


@pytest.mark.parametrize("entries", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_manifest_is_refused(entries: list[Entry]) -> None:
    saved = [Saved(entry, DIGEST, (bytes.fromhex(DIGEST),)) for entry in entries]
    with pytest.raises(CopyError):
        manifest.read(manifest.write(Head("anna", "anna", START.isoformat()), saved))


def test_a_frame_that_grows_is_refused() -> None:
    bomb = zstandard.ZstdCompressor().compress(bytes(100 * 10**6))
    with pytest.raises(CopyError, match="damaged"):
        packs.content_of(bomb, hashlib.sha256(b"x").digest(), 1)


def test_a_folder_with_other_things_is_never_taken_over(copies: Copies, tmp_path: Path) -> None:
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis/final.tex").write_text("x")
    with pytest.raises(CopyError, match="holds other things"):
        save(copies, tmp_path / "thesis")
    assert [path.name for path in (tmp_path / "thesis").iterdir()] == ["final.tex"]


def test_two_saves_at_once_take_turns(copies: Copies, place: Path) -> None:
    save(copies, place)
    with FolderRepository(place).locked(), pytest.raises(BusyError):
        save(copies, place)


def test_a_list_of_saves_says_whose_homes_they_hold_and_reads_no_more_than_it_must(
    copies: Copies, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(copies, place)
    second = save(copies, place, "Björn Ö.", at=START + timedelta(hours=1))
    with monkeypatch.context() as patch:
        patch.setattr(manifest, "read_head", lambda data: pytest.fail("a summary has the names"))
        listed = operations.run_list(copies, str(place))
    assert [save["people"] for save in listed.as_json()["saves"]] == [["Björn Ö.", "anna"], ["Björn Ö."]]
    assert "2 people have copies: Björn Ö., anna." in shown(listed)
    (place / f"saves/{second}/save.json").unlink()  # as an interrupted save leaves it
    assert operations.run_list(copies, str(place)).saves[1].people == ("Björn Ö.",)


def test_a_name_without_a_home_and_a_time_without_a_copy_are_told(copies: Copies, place: Path) -> None:
    with pytest.raises(UnknownNameError, match="has no home"):
        save(copies, place, "nobody")
    save(copies, place)
    with pytest.raises(CopyError, match="no saved copy"):
        operations.run_restore(copies, ["anna"], str(place), "2020-01-01", None)
    with pytest.raises(UsageError, match="is no time"):
        operations.run_restore(copies, ["anna"], str(place), "yesterday", None)


def test_a_full_place_leaves_the_copies_before(
    copies: Copies, place: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    first = save(copies, place)
    (home(copies, "anna") / "new").write_bytes(os.urandom(50_000))

    def full(*_: object) -> None:
        raise SpaceError("The place is full.")

    with monkeypatch.context() as patch, pytest.raises(SpaceError):
        patch.setattr(FolderRepository, "put", full)
        save(copies, place, at=START + timedelta(hours=1))
    assert [item.id for item in catalogue.saves_in(FolderRepository(place)) if item.complete] == [first]
    assert operations.run_verify(copies, str(place)).problems == ()


def test_copies_that_are_let_go_give_their_space_back_and_no_more(copies: Copies, place: Path) -> None:
    folder = home(copies, "anna")
    copies = hub(copies.layout.root, keep={"last": 1, "daily": 0, "weekly": 0, "monthly": 0})
    (folder / "sub/large").write_bytes(os.urandom(3_000_000))
    save(copies, place)
    (folder / "sub/large").write_bytes(os.urandom(3_000_000))
    save(copies, place, at=START + timedelta(hours=1))
    assert len(catalogue.saves_in(FolderRepository(place))) == 1
    assert sum(file.stat().st_size for file in place.glob("packs/*.tar.zst")) < 3_500_000
    assert operations.run_verify(copies, str(place)).problems == ()
    other = hub(copies.layout.root.parent / "two")
    operations.run_restore(other, ["anna"], str(place), None, None)
    assert (home(other, "anna") / "sub/large").read_bytes() == (folder / "sub/large").read_bytes()


def days(*ages: int) -> list[catalogue.Save]:
    now = datetime(2026, 11, 23, 12, tzinfo=UTC)
    ids = [(now - timedelta(days=age)).strftime("%Y%m%dT%H%M%SZ") for age in sorted(ages, reverse=True)]
    return [catalogue.Save(name, ("anna",), True, {}) for name in ids]


def test_one_save_a_day_and_a_week_is_kept() -> None:
    saves = days(*range(30))
    names = retention.kept(saves, retention.Keep(last=2, daily=5, weekly=3, monthly=0))
    kept_days = sorted((saves[-1].time - save.time).days for save in saves if save.id in names)
    assert kept_days == [0, 1, 2, 3, 4, 8]


def test_the_only_copy_of_a_home_is_kept_for_ever() -> None:
    saves = [catalogue.Save("20200101T000000Z", ("gone",), True, {}), *days(0, 1, 2)]
    assert "20200101T000000Z" in retention.kept(saves, retention.Keep(1, 0, 0, 0))


def test_names_of_saves_sort_by_time_even_when_the_clock_goes_back() -> None:
    saves = [catalogue.Save("20261123T120000Z", (), True, {})]
    assert catalogue.new_id(saves, datetime(2026, 11, 23, 12, tzinfo=UTC)) == "20261123T120000Z-1"
    assert catalogue.new_id(saves, datetime(2020, 1, 1, tzinfo=UTC)) > "20261123T120000Z"


def test_many_saves_within_a_second_stay_in_order(copies: Copies, place: Path) -> None:
    names = [save(copies, place, "anna") for _ in range(12)]
    found = [item.id for item in catalogue.saves_in(FolderRepository(place))]
    assert found == names[-7:]
    assert found[-1] == "20261123T080000Z-11"


def test_a_damaged_cache_is_made_again(copies: Copies, place: Path) -> None:
    save(copies, place)
    for file in copies.layout.saves.glob("*.sqlite"):
        file.write_bytes(b"not a database at all" * 100)
    assert operations.run_verify(copies, str(place)).problems == ()


def test_a_pack_that_vanished_is_written_again_by_the_next_save(copies: Copies, place: Path) -> None:
    save(copies, place)
    for file in place.glob("packs/*"):
        file.unlink()
    save(copies, place, at=START + timedelta(hours=1))
    other = hub(copies.layout.root.parent / "two")
    assert operations.run_restore(other, ["anna"], str(place), None, None).exit_code == 0


def test_a_home_that_is_a_link_is_no_home(copies: Copies, place: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").mkdir()
    (copies.layout.homes / "eve").symlink_to(tmp_path / "secret")
    assert "eve" not in [item.name for item in copies.homes.all()]
    (tmp_path / "look").mkdir()
    (tmp_path / "look/anna").symlink_to(tmp_path / "secret")
    save(copies, place)
    with pytest.raises(RefusedError, match="is a link"):
        operations.run_restore(copies, ["anna"], str(place), None, tmp_path / "look")


@settings(max_examples=25, deadline=None)
@given(contents=st.lists(st.binary(max_size=300), min_size=1, max_size=12))
def test_any_contents_survive_packs(contents: list[bytes]) -> None:
    pack = packs.Pack()
    for content in contents:
        digest = hashlib.sha256(content).digest()
        pack.add(digest, packs.frame(digest, content), len(content))
    name, parts, listing = pack.finished()
    data = b"".join(parts)
    for digest, where in packs.read_index(name, listing):
        piece = packs.content_of(data[where.offset : where.offset + where.length], digest, where.size)
        assert piece in contents


def test_the_index_is_the_same_from_either_side(copies: Copies, place: Path, tmp_path: Path) -> None:
    save(copies, place)
    where = FolderRepository(place)
    with index.opened(where, tmp_path / "cache") as made_again, index.opened(where, copies.layout.saves) as kept:
        for name in kept.pack_names():
            assert list(made_again.in_pack(name)) == list(kept.in_pack(name))
