"""The fingerprints of many homes on this machine, worked out ahead by a few processes.

Most homes did not change since a save.

Looking through a home is waiting for the disk and then Python at work. In threads the one would hold up the other.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from types import TracebackType
from typing import Self

from skrt_hub.homes.access import Home, Homes
from skrt_hub.process import Program, start

_PROCESSES = 4
_WORTH_A_PROCESS = 4  # homes; fewer are looked through sooner than a process starts
_COMMAND = (sys.executable, "-I", "-m", "skrt_workspace.home.fingerprint")


class Fingerprints:
    """For each of `wanted`, in order, its fingerprint (skrt_workspace.home.fingerprint); None where nobody knows.

    Nothing is raised: a home without a fingerprint is looked through in the ordinary way.
    """

    def __init__(self, homes: Homes, wanted: Sequence[Home]) -> None:
        folders = [homes.path(home) for home in wanted]
        self._asked = [folder is not None for folder in folders]
        there = [folder for folder in folders if folder is not None]
        count = min(_PROCESSES, len(there) // _WORTH_A_PROCESS)
        self._running = [_start(there[number::count]) for number in range(count)]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process in self._running:
            process.kill()
            process.wait()
            assert process.stdout is not None
            process.stdout.close()

    def __iter__(self) -> Iterator[bytes | None]:
        number = 0
        for asked in self._asked:
            if not asked or not self._running:
                yield None
                continue
            process = self._running[number % len(self._running)]
            number += 1
            assert process.stdout is not None
            try:
                yield bytes.fromhex(process.stdout.readline().decode("ascii")) or None
            except ValueError:
                yield None


def _start(folders: list[str]) -> Program[bytes]:
    process = start(_COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert process.stdin is not None
    with contextlib.suppress(BrokenPipeError), process.stdin:
        process.stdin.write(b"\0".join(os.fsencode(folder) for folder in folders))
    return process
