"""Packages in a home: listed by pip's notes and moved aside, whatever the home's owner made of it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from skrt_workspace.home.packages import Moved, installed, set_aside

SITE = ".local/lib/python3.13/site-packages"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "home"
    (folder / SITE).mkdir(parents=True)
    return folder


def add(home: Path, name: str, version: str = "1.0", *files: str, site: str = SITE) -> Path:
    """A package as pip leaves it: its files of 8,000 bytes, its description, and the list of its files."""
    notes = home / site / f"{name}-{version}.dist-info"
    notes.mkdir(parents=True)
    (notes / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n\nVersion: 9.9\n")
    for file in files:
        (home / site / file).parent.mkdir(parents=True, exist_ok=True)
        (home / site / file).write_bytes(b"x" * 8000)
    own = [f"{notes.name}/METADATA,,", f"{notes.name}/RECORD,,"]
    (notes / "RECORD").write_text("\n".join([*(f"{file},sha256=abc,8000" for file in files), *own]))
    return notes


def told(home: Path) -> dict[str, tuple[str, str, int | None]]:
    return {each.name: (each.version, each.python, each.size) for each in installed(str(home)).packages}


def test_each_package_has_its_own_size_also_below_a_shared_name(home: Path) -> None:
    add(home, "one", "1.0", "one.py", "shared/first/a.py", "shared/first/deep/b.py")
    add(home, "two", "2.0", "shared/second/a.py", "__pycache__/two.cpython-313.pyc")
    add(home, "old", "0.1", "old.py", site=".local/lib/python3.11/site-packages")
    (home / SITE / "by_hand.py").write_bytes(b"x" * 8000)
    found = told(home)
    notes = 2 * 4096
    assert {name: row[:2] for name, row in found.items()} == {
        "one": ("1.0", "3.13"),
        "two": ("2.0", "3.13"),
        "old": ("0.1", "3.11"),
    }
    assert [found[name][2] for name in ("one", "two", "old")] == [3 * 8192 + notes, 2 * 8192 + notes, 8192 + notes]
    assert installed(str(home)).other == 8192


def test_a_home_without_packages_has_none(tmp_path: Path) -> None:
    assert installed(str(tmp_path)).packages == ()
    assert set_aside(str(tmp_path)).moved == ()


def test_notes_that_harm_their_reader_do_not(home: Path) -> None:
    site = home / SITE
    pipe, large, link = (add(home, name) for name in ("pipe", "large", "link"))
    for notes in (pipe, link):
        (notes / "METADATA").unlink()
        (notes / "RECORD").unlink()
    os.mkfifo(pipe / "METADATA")
    os.mkfifo(pipe / "RECORD")
    os.truncate(large / "METADATA", 1 << 30)
    os.truncate(large / "RECORD", 1 << 30)
    secret = home.parent / "secret"
    secret.write_text("Name: secret\nVersion: 6.6\n")
    (link / "METADATA").symlink_to(secret)
    (link / "RECORD").symlink_to(secret)
    os.mkfifo(site / "fifo-1.0.dist-info")
    (site / "out-1.0.dist-info").symlink_to(home.parent)
    (site / "run.pth").write_text("import os; os.mkdir('/tmp/never')")
    many = add(home, "many")
    (many / "RECORD").write_text("".join(f"{number:x},,\n" for number in range(200_000)))
    long = add(home, "long")
    (long / "METADATA").write_text(f"Name: \x1b[2J{'x' * 5000}\nVersion: 1.0\n")
    found = told(home)
    assert found["pipe"] == ("1.0", "3.13", None)
    assert found["link"] == ("1.0", "3.13", None)
    assert found["large"] == ("1.0", "3.13", None)
    assert found["many"] == ("1.0", "3.13", None), "a list that costs its reader much memory is not kept"
    assert "secret" not in found
    assert "fifo" not in found
    assert max(map(len, found)) == 100


def test_a_link_on_the_way_leads_nowhere_and_is_told(tmp_path: Path) -> None:
    home, other = tmp_path / "home", tmp_path / "other"
    home.mkdir()
    add(other, "theirs")
    (home / ".local").symlink_to(other / ".local")
    assert installed(str(home)).packages == ()
    assert installed(str(home)).problems == (".local: it is no folder",)
    assert set_aside(str(home)).moved == ()
    assert (other / SITE / "theirs-1.0.dist-info").exists()


def test_what_is_set_aside_is_kept_and_comes_back(home: Path) -> None:
    add(home, "one", "1.0", "one.py")
    add(home, "old", "0.1", "old.py", site=".local/lib/python3.11/site-packages")
    extension = home / ".local/share/jupyter/labextensions/theirs"
    extension.mkdir(parents=True)
    kernel = home / ".local/share/jupyter/kernels/theirs"
    kernel.mkdir(parents=True)
    moved = set_aside(str(home)).moved
    assert sorted(each.path for each in moved) == [
        ".local/lib/python3.11/site-packages",
        SITE,
        ".local/share/jupyter/labextensions",
    ]
    assert told(home) == {}
    assert kernel.is_dir()
    assert not extension.exists()
    assert list((home / SITE).iterdir()) == [], "a kernel of the future sees what is installed into it"
    assert set_aside(str(home)).moved == (), "nothing is there to be moved a second time"
    for each in moved:
        subprocess.run(["mv", "-T", each.now, each.path], cwd=home, check=True)
    assert set(told(home)) == {"one", "old"}
    assert (home / SITE / "one.py").stat().st_size == 8000


def test_what_cannot_be_moved_is_told_and_the_rest_is(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    add(home, "one")
    add(home, "old", site=".local/lib/python3.11/site-packages")
    really = os.rename

    def rename(name: str, now: str, **where: int) -> None:
        if (home / ".local/lib/python3.11").stat().st_ino == os.fstat(where["src_dir_fd"]).st_ino:
            raise PermissionError(13, "Permission denied")
        really(name, now, **where)

    monkeypatch.setattr(os, "rename", rename)
    done = set_aside(str(home))
    assert done.problems == (".local/lib/python3.11/site-packages: Permission denied",)
    assert [each.path for each in done.moved] == [SITE]


def test_the_program_in_a_pod_says_the_same_and_runs_nothing_of_the_home(home: Path) -> None:
    add(home, "one", "1.0", "one.py")
    (home / SITE / "noise.pth").write_text("import sys; print('noise')")
    words = [sys.executable, "-P", "-s", "-m", "skrt_workspace.home.packages"]
    environment = {**os.environ, "HOME": str(home)}
    answer = subprocess.run([*words, "list", str(home)], capture_output=True, check=True, env=environment).stdout
    assert json.loads(answer)["packages"] == [
        {"name": "one", "version": "1.0", "python": "3.13", "size": 8192 + 2 * 4096}
    ]
    answer = subprocess.run([*words, "reset", str(home)], capture_output=True, check=True, env=environment).stdout
    assert Moved(**json.loads(answer)["moved"][0]).path == SITE
