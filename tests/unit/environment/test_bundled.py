"""A bundle is used whole or not at all, and only where it fits."""

from __future__ import annotations

import hashlib
import platform
import zipfile
from pathlib import Path

import pytest

from skrt_hub.environment import bundled
from skrt_hub.environment.bundled import Contents
from skrt_hub.errors import UsageError
from skrt_hub.settings.environment import OwnPackages

MADE = Contents("1.0", "3.11", "3.11", platform.machine(), "the lock")


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    file = tmp_path / "hub.bundle"
    with zipfile.ZipFile(file, "w") as packed:
        packed.writestr(bundled.MANIFEST, MADE.to_json())
        packed.writestr(f"{bundled.PARTICIPANTS}one-1-py3-none-any.whl", b"a wheel")
        packed.writestr(f"{bundled.HUB}other-1-py3-none-any.whl", b"another")
        packed.writestr(bundled.LOCK, b"one==1")
        packed.comment = b"0" * bundled.DIGEST_LENGTH
    data = file.read_bytes()[: -bundled.DIGEST_LENGTH]
    file.write_bytes(data + hashlib.sha256(data).hexdigest().encode())
    return file


def test_a_whole_bundle_gives_the_participants_wheels(bundle: Path, tmp_path: Path) -> None:
    read = bundled.read(bundle)
    assert read.contents == MADE
    read.require_for("the lock", "3.11.9")
    with read.wheels(tmp_path) as folder:
        assert [path.name for path in folder.iterdir()] == ["one-1-py3-none-any.whl"]
    assert [path.name for path in tmp_path.iterdir()] == ["hub.bundle"]


def test_a_changed_byte_is_refused_wherever_it_is(bundle: Path) -> None:
    data = bundle.read_bytes()
    for place in range(0, len(data), 7):
        bundle.write_bytes(data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :])
        with pytest.raises(UsageError, match="no bundle that can be used"):
            bundled.read(bundle)


@pytest.mark.parametrize("content", [b"", b"x" * 200])
def test_what_is_no_bundle_is_refused_in_words(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "other"
    file.write_bytes(content)
    with pytest.raises(UsageError, match="no bundle"):
        bundled.read(file)
    with pytest.raises(UsageError, match="no bundle"):
        bundled.read(tmp_path / "missing")


@pytest.mark.parametrize(
    ("lock", "python", "why"), [("the lock", "3.12.1", "Python 3.11"), ("else", "3.11.7", "versions differ")]
)
def test_a_bundle_for_something_else_is_refused(bundle: Path, lock: str, python: str, why: str) -> None:
    with pytest.raises(UsageError) as error:
        bundled.read(bundle).require_for(lock, python)
    assert why in error.value.why


def test_versions_of_own_packages_come_with_it_unless_they_are_there(bundle: Path, tmp_path: Path) -> None:
    note = tmp_path / "hub.lock.txt"
    own = OwnPackages(packages=("one",), lock=note)
    bundled.read(bundle).put_locks(own)
    assert note.read_bytes() == b"one==1"
    note.write_text("kept", encoding="utf-8")
    bundled.read(bundle).put_locks(own)
    assert note.read_text(encoding="utf-8") == "kept"
