"""Which Python participants get: the asked one, the one they have, or the newest that we test with."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from skrt_hub.environment import marker, pythons, uv
from skrt_hub.environment.identity import Environment
from skrt_hub.environment.pythons import Found
from skrt_hub.errors import PrerequisiteError


def found(*versions: str) -> list[Found]:
    return [Found(tuple(map(int, text.split("."))), Path(f"/python{text}")) for text in versions]


def test_the_newest_that_is_tested_with_is_taken() -> None:
    best = pythons.newest(found("3.11.7", "3.10.1", "3.13.0", "3.12.9", "3.15.0", "2.7.18"))
    assert best is not None and best.version == (3, 13, 0)
    assert pythons.newest(found("3.10.1", "3.15.0")) is None
    first = pythons.newest(found("3.12.1", "3.12.9"))
    assert first is not None and first.version == (3, 12, 1)


def test_one_that_is_not_here_is_told_with_what_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pythons, "installed", lambda: found("3.9.1"))
    with pytest.raises(PrerequisiteError) as caught:
        pythons.choose("3.99")
    assert "3.99" in caught.value.what and "3.9.1" in caught.value.why


def test_the_own_one_is_taken_where_it_is_the_best(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pythons, "installed", lambda: found("3.10.1"))
    monkeypatch.setattr(pythons, "NEWEST_PYTHON", (sys.version_info[0], sys.version_info[1] + 1))
    assert pythons.choose() is None
    monkeypatch.setattr(pythons, "installed", lambda: found(f"3.{sys.version_info[1] + 1}.0"))
    assert pythons.choose() == Path(f"/python3.{sys.version_info[1] + 1}.0")


def test_a_damaged_environment_is_made_again_with_the_python_it_had(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    own = Environment(tmp_path, "0123456789abcdef", "3.11.99", tmp_path / "base")
    own.python.parent.mkdir()
    own.python.touch(mode=0o755)
    note = tmp_path / "note"
    note.touch()
    marker.write(own, packages="none")
    note.unlink()
    monkeypatch.setattr(pythons, "installed", list)
    assert marker.read(tmp_path) is None and pythons.choose(before=tmp_path) == own.python
    own.python.unlink()
    monkeypatch.setattr(pythons, "NEWEST_PYTHON", tuple(sys.version_info[:2]))
    assert pythons.choose(before=tmp_path) is None


def test_uv_trusts_the_systems_store_unless_told_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("UV_SYSTEM_CERTS", raising=False)
    assert uv.environment()["UV_SYSTEM_CERTS"] == "1"
    monkeypatch.setenv("UV_SYSTEM_CERTS", "0")
    assert uv.environment()["UV_SYSTEM_CERTS"] == "0"
