"""Huge pages are gathered where the machine has them, nothing in memory changes, and who switched them off is heard."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from skrt_workspace.forkserver import huge_pages

PROGRAM = """
import hashlib
from skrt_workspace.forkserver import huge_pages
kept = [bytes([number % 251]) * 1000 for number in range(40_000)]
before = hashlib.sha256(b"".join(kept)).hexdigest()
gathered = huge_pages.gather()
print(gathered, hashlib.sha256(b"".join(kept)).hexdigest() == before)
rollup = open("/proc/self/smaps_rollup").read()
print(next(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("AnonHugePages:")))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="a matter of Linux")
def test_memory_is_gathered_and_holds_what_it_held() -> None:
    told = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True).stdout.split()
    gathered, same, huge = int(told[0]), told[1], int(told[2])
    assert same == "True"
    assert (gathered > 0) == (huge > 0)  # none where the kernel or the machine's memory has no huge page left


def test_nothing_is_gathered_where_huge_pages_are_switched_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "enabled").write_text("always madvise [never]\n")
    (tmp_path / "hpage_pmd_size").write_text("2097152\n")
    monkeypatch.setattr(huge_pages, "_SYSTEM", tmp_path)
    monkeypatch.setattr("ctypes.CDLL", None)  # not even asked for
    assert huge_pages.gather() == 0


def test_a_kernel_without_huge_pages_is_left_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(huge_pages, "_SYSTEM", tmp_path / "missing")
    assert huge_pages.gather() == 0
