"""Measure what saving homes costs beside tar, cp and (where it is installed) restic: one run, one disk, one table.

    python scripts/measure_saves.py FOLDER [--homes 1] [--files 10000] [--large 5000] [--plain-only]

FOLDER must not exist; it needs about three times the size of the homes, and is removed at the end. Before each line
the disk cache is emptied where that is allowed (as root), and each line ends when all is on the disk (sync). The times
are those of whole commands, their start and (for `save`) the reading back included.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

_DROP = Path("/proc/sys/vm/drop_caches")
_TOOL = Path(sys.executable).with_name("skrt-hub")
_WORDS = ("image", "slice", "shift", "rotate", "dose", "contour", "phantom", "patient", "voxel", "matrix", "figure")


@dataclass(frozen=True)
class Line:
    """One command: seconds of the clock, seconds of processor time, and its largest process in bytes."""

    what: str
    seconds: float
    processor: float
    memory: int


def main() -> int:
    """Make the homes, run each command, print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--homes", type=int, default=1)
    parser.add_argument("--files", type=int, default=10_000, help="notebooks in each home")
    parser.add_argument("--large", type=int, default=5000, help="megabytes of one image file in each home")
    parser.add_argument("--plain-only", action="store_true", help="leave restic and restore out")
    wanted = parser.parse_args()
    wanted.folder.mkdir(parents=True, mode=0o700)
    try:
        state = wanted.folder / "state"
        for number in range(wanted.homes):
            fill(state / "homes" / f"p{number:03d}", wanted.files, wanted.large, seed=number)
        state.chmod(0o700)
        lines = list(measure(wanted.folder, state, plain_only=wanted.plain_only))
    finally:
        shutil.rmtree(wanted.folder, ignore_errors=True)
    print(table(lines, wanted))
    return 0


def fill(home: Path, files: int, large: int, seed: int) -> None:
    """A home with small notebooks in 100 folders, and one image file of which half is noise."""
    chance = random.Random(seed)  # noqa: S311 - the same homes each time
    for number in range(files):
        folder = home / f"lesson {number % 100}"
        folder.mkdir(parents=True, exist_ok=True)
        cells = [
            {"cell_type": "code", "source": " ".join(chance.choices(_WORDS, k=40)), "outputs": [chance.random()] * 30}
            for _ in range(15)
        ]
        (folder / f"notebook {number}.ipynb").write_text(json.dumps({"cells": cells, "nbformat": 4}))
    with (home / "image.nii").open("wb") as stream:
        for _ in range(large):
            stream.write(os.urandom(500_000) + bytes(500_000))


def measure(base: Path, state: Path, *, plain_only: bool) -> Iterator[Line]:
    """Run each command, with what it wrote removed where the next one does not need it."""
    homes, copies = str(state / "homes"), str(base / "copies")
    save = (str(_TOOL), "save", "--state", str(state), "--to", copies)
    yield timed("read by `cat` alone", ("sh", "-c", 'find "$1" -type f -print0 | xargs -0 cat > /dev/null', "-", homes))
    yield timed("`tar` to a file", ("tar", "-cf", str(base / "homes.tar"), homes), base / "homes.tar")
    if shutil.which("zstd"):
        packed = str(base / "homes.tar.zst")
        yield timed("`tar`, through `zstd -3`", ("tar", "-I", "zstd -3", "-cf", packed, homes), Path(packed))
    yield timed("`cp -a`", ("cp", "-a", homes, str(base / "copied")), base / "copied")
    yield timed("`skrt-hub save`, the first", save)
    yield timed("`skrt-hub save`, nothing changed", save)
    yield timed("`skrt-hub saves verify`", (str(_TOOL), "saves", "verify", "--state", str(state), "--from", copies))
    if not plain_only:
        into = base / "restored"
        words = ("restore", "--state", str(state), "--from", copies, "--into", str(into))
        yield timed("`skrt-hub restore --into FOLDER`", (str(_TOOL), *words), into)
        yield from _restic(base, homes)


def _restic(base: Path, homes: str) -> Iterator[Line]:
    if not shutil.which("restic"):
        return
    store = base / "restic"
    words = ("restic", "--quiet", "--no-cache", "--repo", str(store))
    os.environ["RESTIC_PASSWORD"] = "only for the measurement"  # noqa: S105
    subprocess.run((*words, "init"), check=True)
    yield timed("restic, the first", (*words, "backup", homes))
    yield timed("restic, nothing changed", (*words, "backup", homes))
    shutil.rmtree(store)


def timed(what: str, command: Sequence[str], written: Path | None = None) -> Line:
    """Run one command from an emptied cache until all is on the disk; remove what it wrote."""
    os.sync()
    if os.access(_DROP, os.W_OK):
        _DROP.write_text("3\n")
    began = time.monotonic()
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as program:
        _, status, usage = os.wait4(program.pid, 0)
        program.returncode = os.waitstatus_to_exitcode(status)
    os.sync()
    seconds = time.monotonic() - began
    if program.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {program.returncode}")
    if written is not None and written.is_dir():
        shutil.rmtree(written)
    elif written is not None:
        written.unlink()
    return Line(what, seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024)


def table(lines: list[Line], wanted: argparse.Namespace) -> str:
    """The lines as Markdown, with the ratio of each to tar, and the second save to the first."""
    seconds = {line.what: line.seconds for line in lines}
    emptied = "emptied before each line" if os.access(_DROP, os.W_OK) else "NOT emptied (that needs root)"
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    text = [
        f"{wanted.homes} homes, each {wanted.files} notebooks and an image of {wanted.large} MB; "
        f"disk cache {emptied}; load of the machine at the end {load}.",
        "",
        "| | time | beside tar | beside cp -a | processor | memory |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for line in lines:
        beside = [line.seconds / seconds[name] for name in ("`tar` to a file", "`cp -a`")]
        text.append(
            f"| {line.what} | {line.seconds:.1f} s | {beside[0]:.2f} | {beside[1]:.2f} "
            f"| {line.processor:.1f} s | {line.memory / 1e6:.0f} MB |"
        )
    ratio = seconds["`skrt-hub save`, nothing changed"] / seconds["`skrt-hub save`, the first"]
    return "\n".join([*text, "", f"The save of what did not change took {ratio:.3f} of the first."])


if __name__ == "__main__":
    sys.exit(main())
