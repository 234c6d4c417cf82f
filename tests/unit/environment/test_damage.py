"""A damaged environment is noticed, whatever was done to it, and healed from what its publishers state."""

from __future__ import annotations

import base64
import errno
import hashlib
import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from skrt_hub.environment import build, hashes, marker, uv
from skrt_hub.environment.build import READY, discard, find_environment
from skrt_hub.environment.identity import Environment


@pytest.fixture
def environment(tmp_path: Path) -> Path:
    folder = tmp_path / "0123456789abcdef"
    site = folder / "lib/python3.11/site-packages"
    package, info = site / "some_package", site / "some_package-1.0.dist-info"
    for made in (package, info, folder / "bin"):
        made.mkdir(parents=True)
    (package / "module.py").write_text("one = 1\n")
    (folder / "bin/python").write_text("program")
    digest = base64.urlsafe_b64encode(hashlib.sha256(b"one = 1\n").digest()).decode().rstrip("=")
    (info / "RECORD").write_text(f"some_package/module.py,sha256={digest},8\nsome_package-1.0.dist-info/RECORD,,\n")
    marker.write(Environment(folder, folder.name, "3.11.7", tmp_path), packages="p")
    return folder


@pytest.mark.parametrize("how", ["edit", "mode", "remove", "folder mode", "add"])
def test_any_damage_is_noticed(environment: Path, how: str) -> None:
    assert marker.damage(environment) is None
    module = environment / "lib/python3.11/site-packages/some_package/module.py"
    if how == "edit":
        module.write_text("one = 2\n")
        os.utime(module, ns=(0, module.stat().st_mtime_ns + 1))
    elif how == "mode":
        module.chmod(0o600)
    elif how == "remove":
        module.unlink()
    elif how == "folder mode":
        module.parent.chmod(0o700)
    else:
        (module.parent / "new.py").write_text("")
    assert marker.damage(environment) is not None
    assert marker.read(environment) is None


def test_an_environment_that_was_moved_is_said_to_be(environment: Path) -> None:
    """The programs in it name the folder in which they were installed."""
    moved = environment.rename(environment.with_name("moved"))
    assert marker.read(moved) is None
    assert str(environment) in str(marker.damage(moved))


def test_packages_that_are_not_as_published_are_named(environment: Path) -> None:
    assert hashes.wrong_packages(environment) == []
    (environment / "lib/python3.11/site-packages/some_package/module.py").write_text("one = 1\n# a line\n")
    assert hashes.wrong_packages(environment) == ["some-package"]
    (environment / "lib/python3.11/site-packages/some_package/module.py").unlink()
    assert hashes.wrong_packages(environment) == ["some-package"]


def test_a_damaged_environment_that_was_locked_can_be_put_aside(environment: Path) -> None:
    environment.chmod(0o500)
    discard(environment)
    assert list(environment.parent.iterdir()) == []


def test_files_are_copies_and_not_those_of_the_package_cache() -> None:
    assert uv.environment()["UV_LINK_MODE"] == "copy"


def _cut_to_seconds(path: Path, *, later: int = 0) -> None:
    seconds = path.stat().st_mtime_ns // 1_000_000_000 + later
    os.utime(path, ns=(0, seconds * 1_000_000_000))


def test_a_copy_that_keeps_whole_seconds_of_times_is_whole(environment: Path) -> None:
    for path in environment.rglob("*"):
        _cut_to_seconds(path)
    assert marker.read(environment) is not None
    _cut_to_seconds(environment / "bin/python", later=-1)
    assert marker.damage(environment) == "bin/python has changed"


def test_what_cannot_be_renamed_is_removed_where_it_is(environment: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(self: Path, target: Path) -> Path:
        raise OSError(errno.EXDEV, "Invalid cross-device link")  # as for a folder of a container's image

    monkeypatch.setattr(Path, "rename", refused)
    discard(environment)
    assert list(environment.parent.iterdir()) == []


def test_an_environment_that_came_with_an_image_is_used_while_it_is_whole(
    environment: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(build, "wanted", lambda python: SimpleNamespace(hash=environment.name))
    assert find_environment(tmp_path / "own") is None
    monkeypatch.setenv(READY, str(tmp_path))
    found = find_environment(tmp_path / "own")
    assert found is not None and found.folder == environment
    (environment / "bin/python").unlink()
    assert find_environment(tmp_path / "own") is None
