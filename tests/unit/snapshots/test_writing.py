"""How a save writes: nothing twice, nothing unread, and found out at once where a disk does not keep it."""

import hashlib
import io
import os
import tarfile
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pytest
import zstandard

from skrt_hub.errors import CopyError
from skrt_hub.snapshots import manifest, operations, packs, reader
from skrt_hub.snapshots.copies import Copies
from skrt_hub.snapshots.manifest import Head, Saved
from skrt_hub.snapshots.repository import FolderRepository, open_folder
from skrt_workspace.home.content import PIECE
from skrt_workspace.home.scan import FILE, Entry
from tests.support.homes import START, home, save


def test_a_home_in_which_nothing_changed_is_not_read_again(
    copies: Copies, place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader, "_COARSE_CLOCK", 0)
    save(copies, place)
    with monkeypatch.context() as patch:
        patch.setattr(manifest, "by_path", lambda data: pytest.fail("the entries were looked at"))
        second = operations.run_save(copies, ["anna"], str(place), now=lambda: START + timedelta(hours=1))
    assert (second.homes[0].read, second.new) == (0, 0)
    assert second.homes[0].left_out == ("pipe (it is a device, pipe or socket)",), "what is not saved is told each time"
    head, _ = manifest.read((place / f"saves/{second.id}/anna.jsonl.zst").read_bytes())
    assert (head.time[:13], head.name) == ("2026-11-23T09", "anna")
    operations.run_restore(copies, ["anna"], str(place), None, tmp_path / "into")
    assert contents_of(tmp_path / "into/anna") == contents_of(home(copies, "anna"))

    # Gone packs: the third save reads all of it again.
    for pack in (place / "packs").iterdir():
        pack.unlink()
    third = operations.run_save(copies, ["anna"], str(place), now=lambda: START + timedelta(hours=2))
    assert third.homes[0].read == third.homes[0].bytes > 0
    assert operations.run_verify(copies, str(place)).problems != (), "the earlier ones are damaged"
    (home(copies, "anna") / "note.ipynb").write_text('{"cells": [1]}')
    assert operations.run_save(copies, ["anna"], str(place), now=lambda: START + timedelta(hours=3)).homes[0].read == 14


def contents_of(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and not path.is_symlink()
    }


class Forgetful(FolderRepository):
    """A disk that keeps a pack's name and size, and not all of its bytes."""

    def put(self, name: str, data: bytes | Sequence[bytes]) -> None:
        super().put(name, data)
        if name.endswith(".tar.zst"):
            with (self.root / name).open("r+b") as stream:
                stream.seek(3)
                stream.write(b"X")


def test_what_a_disk_did_not_keep_is_found_by_the_save_itself(
    copies: Copies, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "skrt_hub.snapshots.copies.open_repository",
        lambda text, **options: Forgetful(open_folder(Path(text), create=True).root),
    )
    with pytest.raises(CopyError, match="was not kept as it was written"):
        save(copies, place)
    monkeypatch.undo()
    assert not list(place.glob("saves/*/anna*")), "no copy of the home that needs what is damaged"
    save(copies, place, at=START + timedelta(hours=1))
    assert operations.run_verify(copies, str(place)).problems == ()


def test_the_header_in_a_frame_is_the_one_that_tar_writes() -> None:
    for size in (0, 1, 511, 512, 100_000, PIECE):
        content = os.urandom(size)
        digest = hashlib.sha256(content).digest()
        unpacked = zstandard.ZstdDecompressor().decompress(packs.frame(digest, content))
        with tarfile.open(fileobj=io.BytesIO(unpacked + bytes(1024))) as archive:
            (info,) = archive.getmembers()
            assert (info.name, info.size, info.mode) == (digest.hex(), size, 0o600)
            assert archive.extractfile(info).read() == content  # type: ignore[union-attr]


@pytest.mark.parametrize("count", [0, 1, 2, 20_000])
def test_a_manifest_under_a_new_head_is_the_one_that_would_be_written_anew(count: int) -> None:
    digests = [hashlib.sha256(f"{number}".encode()) for number in range(count)]
    entries = [
        Saved(Entry(f"file {number} \udce4", FILE, 0o644, 7, number, number, number), one.hexdigest(), (one.digest(),))
        for number, one in enumerate(digests)
    ]
    old, new = Head("anna", "anna", START.isoformat()), Head("anna", "anna", (START + timedelta(1)).isoformat())
    data = manifest.write(old, entries)
    assert manifest.read(manifest.again(new, data)) == manifest.read(manifest.write(new, entries))
    plain = zstandard.ZstdDecompressor().decompressobj().decompress(data)
    for damaged in (plain[:-1], plain.replace(b"7", b"8", 1), plain + b"{}\n", plain.partition(b"\n")[2], b""):
        with pytest.raises(CopyError, match="damaged"):
            manifest.again(new, zstandard.ZstdCompressor().compress(damaged))
