"""Hubs with homes that hold every kind of file, and what a restore must bring back."""

import hashlib
import io
import os
import stat
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from skrt_hub.homes.on_machine import MachineHomes
from skrt_hub.hub.names import Places
from skrt_hub.layout import Layout
from skrt_hub.progress import Silent
from skrt_hub.report import Report
from skrt_hub.settings.model import Settings
from skrt_hub.snapshots import operations
from skrt_hub.snapshots.copies import Copies
from skrt_workspace.home.content import PIECE
from skrt_workspace.home.scan import LEFT_OUT, scan

START = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)


def hub(folder: Path, *names: str, **saves: object) -> Copies:
    layout = Layout(folder)
    for path in (layout.root, layout.hub, layout.homes):
        path.mkdir(parents=True, exist_ok=True)
    for name in names:
        layout.home(Places(layout.folders).ensure(name).folder).mkdir(exist_ok=True)
    return Copies(Settings.model_validate({"saves": saves}), layout, lambda: MachineHomes(layout), Silent())


def home(copies: Copies, name: str) -> Path:
    place = Places(copies.layout.folders).find(name)
    assert place is not None
    return copies.layout.home(place.folder)


def state(folder: Path) -> dict[str, object]:
    """All that a restore must bring back: kind, content, mode and time of everything."""
    found: dict[str, object] = {}
    inodes: dict[int, str] = {}
    for entry in scan(str(folder)):
        if entry.kind == LEFT_OUT:
            continue
        path = folder / entry.path
        info = path.lstat()
        if stat.S_ISLNK(info.st_mode):
            found[entry.path] = ("link", str(path.readlink()))
        elif path.is_dir():
            found[entry.path] = ("folder", info.st_mode, info.st_mtime_ns)
        else:
            content = hashlib.sha256(path.read_bytes()).hexdigest()
            first = inodes.setdefault(info.st_ino, entry.path)
            found[entry.path] = ("file", content, info.st_mode, info.st_mtime_ns, first)
    return found


def save(copies: Copies, place: Path, *names: str, at: datetime = START) -> str:
    return operations.run_save(copies, list(names), str(place), now=lambda: at).id


def shown(report: Report) -> str:
    """A report as it is printed."""
    console = Console(width=200, record=True, file=io.StringIO(), soft_wrap=True)
    console.print(report.render())
    return console.export_text()


def fill(folder: Path) -> None:
    (folder / "sub/deep").mkdir(parents=True)
    (folder / "note.ipynb").write_text('{"cells": []}')
    (folder / "empty").write_bytes(b"")
    (folder / "sub/large").write_bytes(os.urandom(PIECE + 12345))
    with (folder / "sub/holes").open("wb") as file:
        file.write(b"begin")
        file.seek(3 * PIECE)
        file.write(b"end")
        file.truncate(5 * PIECE + 7)
    (folder / "sub/deep/run.sh").write_text("#!/bin/sh\n")
    (folder / "sub/deep/run.sh").chmod(0o750)
    (folder / "odd \udce4\n name").write_text("odd")
    (folder / "link").symlink_to("sub/large")
    (folder / "out").symlink_to("/data/ct")
    os.link(folder / "note.ipynb", folder / "sub/second-name")
    os.mkfifo(folder / "pipe")
    os.utime(folder / "note.ipynb", ns=(10**18, 10**18 + 7))
    (folder / "closed").mkdir(mode=0o500)
    os.utime(folder / "sub", ns=(10**18, 10**18 + 9))


YEARS = {"in-2242.txt": 8.6e9, "in-1901.txt": -2.17e9, "in-1970.txt": 0.0, "far.txt": 4e10}


def odd(folder: Path) -> None:
    """Everything that has ended an archive, and two plain files around it."""
    folder.mkdir()
    (folder / "a-first.txt").write_text("first")
    for name, moment in YEARS.items():
        (folder / name).write_text(name)
        os.utime(folder / name, (moment, moment))
    os.mkfifo(folder / "pipe")
    (folder / "dangling").symlink_to("nowhere")
    (folder / "out").symlink_to("/etc/passwd")
    (folder / os.fsdecode(b"not-\xff-utf8")).write_text("bytes")
    with (folder / "huge").open("wb") as file:
        file.truncate(8 * 10**12)
    (folder / "inner").mkdir()
    (folder / "z-last.txt").write_text("last")
