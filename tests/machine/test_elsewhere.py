"""The command line on a Mac and on Windows, as far as Linux can show it: without what their Python does not have."""

from __future__ import annotations

import json
import os
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NAMES = {"darwin": "macOS", "win32": "Windows"}
ON_BOTH = {
    "--help": 0,
    "--version": 0,
    "check --help": 0,
    "init": 0,
    "image name --target kubernetes": 0,
    "check --target kubernetes": 4,  # there is no kubectl
    "render --target kubernetes": 4,
    "up --target kubernetes": 4,
    "status --target kubernetes": 4,
    "logs --target kubernetes": 4,
    "save --target kubernetes": 4,
    "saves --target kubernetes": 2,
    "participants --target kubernetes": 4,
    "material --target kubernetes": 4,
    "frobnicate": 2,
}
"""What is typed, and how it ends: as on Linux."""
LINUX_ALONE = (
    "check",
    "up",
    "status",
    "verify",
    "bench --target kubernetes",
    "rehearse --target kubernetes",
    "data check .",
)
NOT_ON_WINDOWS = ("collect notes.txt --to there --target kubernetes", "restore --into there --target kubernetes")


@pytest.mark.parametrize("system", NAMES)
def test_commands_run_or_are_refused_in_words(system: str, tmp_path: Path) -> None:
    refused = (*LINUX_ALONE, *(NOT_ON_WINDOWS if system == "win32" else ()))
    told = run_there(system, [*ON_BOTH, *refused], tmp_path)
    ended = dict(zip((*ON_BOTH, *refused), told["ended"], strict=True))
    assert {typed: ended[typed][0] for typed in ON_BOTH} == ON_BOTH, told
    for typed in refused:
        code, words = ended[typed]
        assert code == 4, (typed, words)
        assert f"this is {NAMES[system]}." in words
        assert ("WSL 2" in words) == (system == "win32")
        assert "container" in words
    assert "target: kubernetes" in ended["up"][1]
    linux_alone = runpy.run_path(str(ROOT / "scripts" / "check_types_elsewhere.py"))["linux_alone"]()
    assert linux_alone
    assert not [name for name in told["loaded"] if any(f"{name}.".startswith(f"{rule}.") for rule in linux_alone)]


def test_a_lock_is_held_alone_on_windows_too(tmp_path: Path) -> None:
    """What tells whether a background program runs, and keeps two commands apart."""
    code = (
        "from tests.support.elsewhere import pretend; pretend('win32'); from skrt_workspace import system; import sys\n"
        "a, b = (open(sys.argv[1], 'a') for _ in range(2))\n"
        "print(system.lock(a.fileno()), system.lock(b.fileno())); a.close(); print(system.lock(b.fileno()))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, tmp_path / "lock"], capture_output=True, text=True, cwd=ROOT, check=False
    )
    assert done.stdout.split() == ["True", "False", "True"], done.stderr


def run_there(system: str, commands: list[str], folder: Path) -> dict[str, list]:
    """Type these commands, in a folder without a hub.yaml, on a machine without other programs."""
    words = [word for command in commands for word in (*_typed(command, folder), "+")][:-1]
    (folder / "bin").mkdir()
    environment = {**os.environ, "PATH": str(folder / "bin"), "PYTHONPATH": str(ROOT), "HOME": str(folder)}
    done = subprocess.run(
        [sys.executable, "-m", "tests.support.elsewhere", system, *words],
        capture_output=True,
        text=True,
        cwd=folder,
        env=environment,
        check=False,
    )
    assert not done.returncode, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def _typed(command: str, folder: Path) -> list[str]:
    words = command.split()
    return words if words[0] in ("--help", "--version", "frobnicate") else [*words, "--state", str(folder / "state")]
