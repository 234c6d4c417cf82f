"""Helm gets all its values, however slow it is to read them, and is not waited for without end."""

from __future__ import annotations

from pathlib import Path

import pytest

from skrt_hub.errors import ProgramError
from skrt_hub.targets.kubernetes.cluster import helm
from skrt_hub.targets.kubernetes.cluster.helm import Helm

# A stand-in for Helm on a busy machine: it thinks for longer than we wait at a time, then reads its values.
SLOW = """#!/bin/sh
if [ "$1" = version ]; then echo v4.1.0; exit; fi
sleep 2.5
cat > {read}
"""
WITHOUT_END = """#!/bin/sh
if [ "$1" = version ]; then echo v4.1.0; exit; fi
exec sleep 600
"""
VALUES = "words: " + "x" * 300_000


def stand_in(folder: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> Helm:
    program = folder / "helm"
    program.write_text(text, encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder), prepend=":")
    return Helm("", "default", folder / "folders")


def apply(slow: Helm, deadline: float = 60) -> int:
    watched = []
    slow.apply(
        "x", Path("chart"), VALUES, deadline=deadline, watch=lambda: watched.append(1), started=lambda _: None
    )  # fmt: skip
    return len(watched)


def test_a_helm_that_is_slow_to_read_gets_all_values(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    slow = stand_in(tmp_path, monkeypatch, SLOW.format(read=tmp_path / "read"))
    assert apply(slow) >= 2
    assert (tmp_path / "read").read_text(encoding="utf-8") == VALUES


def test_a_helm_that_does_not_end_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(helm, "_MORE_PATIENCE", 0.0)
    with pytest.raises(ProgramError, match="did not end within 2 s"):
        apply(stand_in(tmp_path, monkeypatch, WITHOUT_END), deadline=2)
