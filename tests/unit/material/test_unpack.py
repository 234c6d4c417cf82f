"""Hostile archives are refused, and leave nothing; plain ones come out as files and folders."""

import io
import os
import stat
import tarfile
import time
import zipfile
from pathlib import Path

import pytest

from skrt_hub.errors import CopyError
from skrt_hub.material import unpack as unpacking
from skrt_hub.material.unpack import unpack
from tests.support.archives import entry, tar_of, zip_of

HOSTILE_TARS = {
    "absolute": [(entry("/etc/x"), b"x")],
    "parent": [(entry("a/../../x"), b"x")],
    "link out": [(entry("a", tarfile.SYMTYPE, "../../etc/passwd"), b"")],
    "absolute link": [(entry("a", tarfile.SYMTYPE, "/etc/passwd"), b"")],
    "hard link out": [(entry("a", tarfile.LNKTYPE, "../x"), b"")],
    "hard link to a link": [
        (entry("d", tarfile.SYMTYPE, "/etc"), b""),
        (entry("e", tarfile.LNKTYPE, "d/passwd"), b""),
    ],
    "link to nothing": [(entry("a", tarfile.SYMTYPE, "b"), b"")],
    "links in a ring": [(entry("a", tarfile.SYMTYPE, "b"), b""), (entry("b", tarfile.SYMTYPE, "a"), b"")],
    "device": [(entry("a", tarfile.CHRTYPE), b"")],
    "pipe": [(entry("a", tarfile.FIFOTYPE), b"")],
    "set user id": [(entry("a", mode=0o4755), b"x")],
    "twice": [(entry("a"), b"x"), (entry("a"), b"y")],
    "twice, as a link": [(entry("a"), b"x"), (entry("b"), b"y"), (entry("a", tarfile.SYMTYPE, "b"), b"")],
    "file, then folder of that name": [(entry("a"), b"x"), (entry("a/b"), b"y")],
}


@pytest.mark.parametrize("members", HOSTILE_TARS.values(), ids=HOSTILE_TARS.keys())
def test_a_hostile_tar_is_refused(tmp_path: Path, members: list[tuple[tarfile.TarInfo, bytes]]) -> None:
    archive = tar_of(tmp_path / "a.tar.gz", (entry("harmless"), b"x"), *members)
    with pytest.raises(CopyError):
        unpack(archive, tmp_path / "new")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.tar.gz"]


HOSTILE_ZIPS = {
    "absolute": ("/etc/x", b"x", 0o644),
    "parent": ("../x", b"x", 0o644),
    "backslash": ("a\\..\\x", b"x", 0o644),
    "link out": ("a", b"/etc/passwd", stat.S_IFLNK | 0o777),
    "set user id": ("a", b"x", stat.S_IFREG | 0o4755),
    "device": ("a", b"", stat.S_IFCHR | 0o644),
}


@pytest.mark.parametrize("member", HOSTILE_ZIPS.values(), ids=HOSTILE_ZIPS.keys())
def test_a_hostile_zip_is_refused(tmp_path: Path, member: tuple[str, bytes, int]) -> None:
    archive = zip_of(tmp_path / "a.zip", ("harmless", b"x", 0o644), member)
    with pytest.raises(CopyError):
        unpack(archive, tmp_path / "new")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.zip"]


@pytest.mark.parametrize("kind", ["zip", "tar.xz"])
def test_a_bomb_is_refused_before_it_is_written_out(tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpacking, "_ALWAYS_ALLOWED", 10**6)
    content = bytes(20 * 10**6)
    archive = tmp_path / f"a.{kind}"
    if kind == "zip":
        with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as opened:
            opened.writestr("zeros", content)
    else:
        with tarfile.open(archive, "w:xz") as tar:
            info = entry("zeros")
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    with pytest.raises(CopyError, match="beyond all measure"):
        unpack(archive, tmp_path / "new")
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE])
def test_links_count_as_much_as_what_they_become(tmp_path: Path, kind: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each becomes a copy: a small archive of one file and many links to it would fill the disk."""
    monkeypatch.setattr(unpacking, "_ALWAYS_ALLOWED", 10**6)
    links = [(entry(f"link{number}", kind, "file"), b"") for number in range(50)]
    archive = tar_of(tmp_path / "a.tar.gz", (entry("file"), bytes(200_000)), *links)
    with pytest.raises(CopyError, match="beyond all measure"):
        unpack(archive, tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_a_long_chain_of_links_is_followed_once(tmp_path: Path) -> None:
    many = 3000
    links = [(entry(f"{number:05}", tarfile.SYMTYPE, f"{number + 1:05}"), b"") for number in range(many)]
    archive = tar_of(tmp_path / "a.tar.gz", *links, (entry(f"{many:05}"), b"end"))
    begun = time.monotonic()
    unpack(archive, tmp_path / "new")
    assert time.monotonic() - begun < 10
    assert (tmp_path / "new" / "00000").read_bytes() == b"end"


def test_a_header_that_would_fill_the_memory_is_refused(tmp_path: Path) -> None:
    name = entry("././@LongLink", tarfile.GNUTYPE_LONGNAME)
    archive = tar_of(tmp_path / "a.tar.gz", (name, b"x" * (2 << 20)), (entry("a"), b""))
    with pytest.raises(CopyError, match="header"):
        unpack(archive, tmp_path / "new")


def test_entries_that_are_nothing_count_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpacking, "MOST_FILES", 5)
    archive = tar_of(tmp_path / "a.tar", *((entry("./", tarfile.DIRTYPE), b"") for _ in range(6)))
    with pytest.raises(CopyError, match="more than 5 entries"):
        unpack(archive, tmp_path / "new")


def test_too_many_entries_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpacking, "MOST_FILES", 5)
    archive = tar_of(tmp_path / "a.tar", *((entry(f"f{number}"), b"") for number in range(6)))
    with pytest.raises(CopyError, match="more than 5 entries"):
        unpack(archive, tmp_path / "new")


def test_a_cut_archive_is_refused(tmp_path: Path) -> None:
    archive = tar_of(tmp_path / "a.tar.gz", (entry("a"), os.urandom(100_000)))
    archive.write_bytes(archive.read_bytes()[:50_000])
    with pytest.raises(CopyError):
        unpack(archive, tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_something_else_is_no_archive(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_text("hello")
    with pytest.raises(CopyError, match=r"Only whole \.zip"):
        unpack(tmp_path / "a.zip", tmp_path / "new")


def test_a_plain_archive_comes_out_with_links_as_copies(tmp_path: Path) -> None:
    archive = tar_of(
        tmp_path / "a.tar",
        (entry("d/chain", tarfile.SYMTYPE, "link"), b""),
        (entry("d/link", tarfile.SYMTYPE, "../run.sh"), b""),
        (entry("./run.sh", mode=0o755), b"#!/bin/sh\n"),
        (entry("hard", tarfile.LNKTYPE, "run.sh"), b""),
    )
    unpack(archive, tmp_path / "new")
    found = {path.relative_to(tmp_path / "new").as_posix(): path for path in (tmp_path / "new").rglob("*")}
    assert sorted(found) == ["d", "d/chain", "d/link", "hard", "run.sh"]
    assert all(path.read_bytes() == b"#!/bin/sh\n" for name, path in found.items() if name != "d")
    assert not any(path.is_symlink() for path in found.values())
    assert os.access(found["run.sh"], os.X_OK)


def test_an_archive_of_very_many_files_is_refused_early_and_progress_is_told(tmp_path: Path) -> None:
    many = tmp_path / "many.zip"
    with zipfile.ZipFile(many, "w") as made:
        for number in range(1200):
            made.writestr(f"{number}", b"")
    told: list[int] = []
    unpacking.unpack(many, tmp_path / "out", told.append)
    assert told == [500, 1000]


def test_an_archive_of_folders_in_folders_is_refused(tmp_path: Path) -> None:
    deep = tmp_path / "deep.zip"
    with zipfile.ZipFile(deep, "w") as made:
        made.writestr("a/" * 1500 + "file", b"")
    with pytest.raises(CopyError) as refusal:
        unpacking.unpack(deep, tmp_path / "out")
    assert "folders deep" in str(refusal.value)
    assert not (tmp_path / "out").exists()
