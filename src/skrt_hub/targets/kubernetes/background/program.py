"""Programs of a hub in a cluster that run in the background of this machine, and outlive the command and its terminal.

Whether one runs is told by the lock it holds, never by a number in a file alone: numbers are given to other programs
after a reboot.
"""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from skrt_hub.files import ensure_folder, read_json, write_json
from skrt_hub.layout import Layout
from skrt_hub.process import outliving, start
from skrt_hub.targets.duties import Duties, in_words
from skrt_workspace import system


@dataclass(frozen=True)
class Background:
    """The program `python -m MODULE FILE` of one hub. FILE is a JSON document: its lock, and what it is told."""

    name: str
    module: str
    layout: Layout

    @property
    def lock(self) -> Path:
        return self.layout.run / f"{self.name}.lock"

    @property
    def log(self) -> Path:
        return self.layout.log / f"{self.name}.log"

    @property
    def running(self) -> bool:
        """Whether it runs."""
        if not self.lock.exists():
            return False
        with self.lock.open("a") as stream:
            return not system.lock(stream.fileno())

    def runs_with(self, told: dict[str, Any]) -> bool:
        """Whether it runs, and was told just this."""
        return self.running and (read_json(self._document) or {}).get("told") == told

    def told(self, key: str) -> Any:
        """One thing of what it was told, where it runs."""
        return (read_json(self._document) or {}).get("told", {}).get(key) if self.running else None

    def start(self, told: dict[str, Any]) -> None:
        """Start it, and wait until it holds its lock or has ended."""
        for folder in (self.layout.root, self.layout.run, self.layout.log):
            ensure_folder(folder, mode=0o700)
        document = {"told": told, "lock": str(self.lock)}
        write_json(self._document, document, mode=0o600)
        with self.log.open("ab") as log:
            process = start(
                [sys.executable, "-m", self.module, self._document],
                stdout=log,
                stderr=log,
                cwd="/",
                **outliving(),
            )
        write_json(self._document, {**document, "pid": process.pid}, mode=0o600)
        end = time.monotonic() + 10
        while not self.running and process.poll() is None and time.monotonic() < end:
            time.sleep(0.02)

    def stop(self) -> bool:
        """End it; returns whether it ran."""
        if not self.running:
            return False
        pid = (read_json(self._document) or {}).get("pid")
        if not isinstance(pid, int):
            return False
        os.kill(pid, signal.SIGTERM)  # the lock is held, so the number is still that program's
        end = time.monotonic() + 15
        while self.running:
            if time.monotonic() > end:
                with contextlib.suppress(psutil.NoSuchProcess):
                    psutil.Process(pid).kill()
                end = time.monotonic() + 5
            time.sleep(0.05)
        return True

    def last_words(self, lines: int = 5) -> str:
        """The end of its log."""
        if not self.log.exists():
            return ""
        return "\n".join(self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:])

    def troubles(self) -> list[str]:
        """What went wrong in the last hour, in words; nothing where it does not run."""
        return in_words(read_json(_troubles(self.lock)) or {}) if self.running else []

    @property
    def _document(self) -> Path:
        return self.layout.run / f"{self.name}.json"


@contextlib.contextmanager
def alone(document: dict[str, Any]) -> Iterator[bool]:
    """For the program itself: hold its lock, with a closed terminal ignored; False where another one holds it."""
    with Path(document["lock"]).open("a") as lock:
        if not system.lock(lock.fileno()):
            yield False
            return
        if sys.platform != "win32":
            signal.signal(signal.SIGHUP, signal.SIG_IGN)
        yield True


def duties(document: dict[str, Any]) -> Duties:
    """For the program itself: what it does all the time. `Background.troubles` tells others how that goes."""
    logging.basicConfig(stream=sys.stderr, format="%(asctime)s %(levelname)s %(message)s", level=logging.INFO)
    file = _troubles(Path(document["lock"]))
    return Duties(logging.getLogger("skrt-hub"), lambda troubles: write_json(file, troubles, mode=0o600))


def say(text: str) -> None:
    """For the program itself: a line in its log."""
    sys.stderr.write(f"{time.strftime('%Y-%m-%d %H:%M:%S')} {text}\n")
    sys.stderr.flush()


def _troubles(lock: Path) -> Path:
    return lock.with_suffix(".troubles.json")
