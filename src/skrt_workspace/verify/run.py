"""Run the steps one after the other, each in a process group of its own that is ended at its deadline."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil

from skrt_workspace.verify.result import Row
from skrt_workspace.verify.steps import Step

LAST_LINES = 3


def rows(steps: list[Step]) -> Iterator[Row]:
    """The rows of the table, each as soon as its step is over."""
    for step in steps:
        begin = time.monotonic()
        row = _row(step)
        yield Row(row.name, row.verdict, round(time.monotonic() - begin, 2), row.detail, row.numbers)


def _row(step: Step) -> Row:
    with tempfile.TemporaryDirectory(prefix="verify-", ignore_cleanup_errors=True) as folder:
        answer, said = Path(folder) / "answer.json", Path(folder) / "said.txt"
        command = [sys.executable, "-m", "skrt_workspace.verify.one_step", step.name, str(answer)]
        variables = {**os.environ, "MPLBACKEND": "agg", "TMPDIR": folder}
        with said.open("wb") as output:
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=variables, start_new_session=True
            )
            try:
                code = process.wait(timeout=step.deadline)
            except subprocess.TimeoutExpired:
                return Row(step.name, "failed", 0, f"not finished after {step.deadline:.0f} s, so it was ended")
            finally:
                _end_all(process)
        if answer.is_file():
            return Row(seconds=0, **json.loads(answer.read_text(encoding="utf-8")))
        lines = said.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-LAST_LINES:]
        return Row(step.name, "failed", 0, f"ended with code {code}: {' / '.join(lines)}")


def _end_all(process: subprocess.Popen[bytes]) -> None:
    """End what is left of the step with all that it started: its process group, and kernels, which have their own."""
    try:
        started = psutil.Process(process.pid).children(recursive=True)
    except psutil.NoSuchProcess:
        started = []
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        pass
    for child in started:
        with contextlib.suppress(psutil.NoSuchProcess):
            child.kill()
    process.wait()
