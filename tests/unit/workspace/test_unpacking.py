"""Archives of others, unpacked from the page: files come, and nothing hidden, linked or outside."""

from __future__ import annotations

import os
import stat
import tarfile
from pathlib import Path

import pytest

from skrt_workspace.server_extension.unpacking import UnpackError, unpack
from tests.support.archives import entry, tar_of, zip_of

HIDDEN = (".bashrc", ".ipython/profile_default/startup/a.py", "course/.jupyter/x", "./.profile")


def names(folder: Path) -> list[str]:
    found = (path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    return sorted(name for name in found if not name.startswith("given."))


@pytest.mark.parametrize("kind", ["zip", "tar.gz"])
def test_files_come_and_what_would_run_unseen_does_not(tmp_path: Path, kind: str) -> None:
    (tmp_path / ".bashrc").write_text("mine")
    given = ("course/a.ipynb", "run.sh", *HIDDEN)
    if kind == "zip":
        members = [(name, b"x", stat.S_IFREG | 0o755 if name == "run.sh" else 0o644) for name in given]
        archive = zip_of(tmp_path / "given.zip", *members, ("link", b"/etc/passwd", stat.S_IFLNK | 0o777))
    else:
        files = [(entry(name, mode=0o755 if name == "run.sh" else 0o644), b"x") for name in given]
        odd = [
            (entry("link", tarfile.SYMTYPE, "/etc"), b""),
            (entry("hard", tarfile.LNKTYPE, "run.sh"), b""),
            (entry("pipe", tarfile.FIFOTYPE), b""),
        ]
        archive = tar_of(tmp_path / "given.tar.gz", *files, *odd)
    assert unpack(archive) == 2
    assert names(tmp_path) == [".bashrc", "course/a.ipynb", "run.sh"]
    assert (tmp_path / ".bashrc").read_text() == "mine"
    assert os.access(tmp_path / "run.sh", os.X_OK)
    assert not [path for path in tmp_path.iterdir() if path.is_symlink()]
    assert unpack(archive, hidden=True) == 6


@pytest.mark.parametrize("name", ["../out", "/etc/out", "a/../../out"])
def test_what_leads_out_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "in").mkdir()
    with pytest.raises(UnpackError, match="outside of its folder"):
        unpack(tar_of(tmp_path / "in" / "given.tar.gz", (entry(name), b"x")))
    assert names(tmp_path) == ["in/given.tar.gz"]


def test_a_link_that_lies_there_is_not_written_through(tmp_path: Path) -> None:
    (tmp_path / "other").write_text("mine")
    (tmp_path / "a").symlink_to("other")
    unpack(zip_of(tmp_path / "given.zip", ("a", b"theirs", 0o644)))
    assert (tmp_path / "other").read_text() == "mine"
    assert (tmp_path / "a").read_text() == "theirs"


def test_something_else_says_so(tmp_path: Path) -> None:
    for name, words in (("given.zip", "damaged"), ("given.tar.gz", "damaged"), ("given.txt", "no archive")):
        (tmp_path / name).write_text("hello")
        with pytest.raises(UnpackError, match=words):
            unpack(tmp_path / name)
