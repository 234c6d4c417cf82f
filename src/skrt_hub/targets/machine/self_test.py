"""`verify` on one machine: the workspace's own self-test, in a sandbox like any participant's, with a home for once."""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from skrt_hub.context import Context
from skrt_hub.environment.marker import damage
from skrt_hub.errors import StateError, VerifyError
from skrt_hub.hub import data_shown
from skrt_hub.hub.applied import Applied, ensure_run_folder, read_applied
from skrt_hub.hub.names import Place
from skrt_hub.hub.sandboxing import Start, render_sandbox
from skrt_hub.hub.starting import plain_start
from skrt_hub.layout import Layout
from skrt_hub.report import VerifyReport, VerifyRow
from skrt_hub.targets.self_test_answer import all_rows, rows_so_far, title
from skrt_workspace.sandbox.identity import ProcessIdentity, is_alive

_TESTER_ID = 1_879_049_000  # below the ids of participants (skrt_hub.hub.names)
_DEADLINE = 1800.0


def self_test(context: Context, *, quick: bool) -> VerifyReport:
    """Run the self-test and return what it found; an end without an answer is a failed row."""
    layout, applied = context.layout, read_applied(context.layout)
    assert applied is not None  # the target made sure of it
    all_of_them = [applied, *(applied.running_in(name) for name, _ in applied.others)]
    for one in all_of_them:
        _require_whole(one)
    began = time.monotonic()
    ensure_run_folder(layout)
    rows = tuple(row for one in all_of_them for row in _rows(context, one, quick=quick))
    return VerifyReport(rows, round(time.monotonic() - began, 1))


def _require_whole(applied: Applied) -> None:
    name = f"The participants' environment{f' {applied.chosen}' if applied.chosen else ''}"
    if not (applied.environment / "bin" / "python").exists():
        raise StateError(f"{name} is missing.", remedy="Build it with: skrt-hub up")
    if (problem := damage(applied.environment)) is not None:
        raise VerifyError(
            f"{name} is damaged.",
            why=f"In {applied.environment}, {problem}.",
            remedy="It is mended, with what is damaged fetched again, by: skrt-hub up",
        )


def _rows(context: Context, applied: Applied, *, quick: bool) -> tuple[VerifyRow, ...]:
    """What the self-test finds in one environment."""
    work = Path(tempfile.mkdtemp(prefix="verify-", dir=context.layout.run))
    try:
        identity, log = _start(applied, context.layout, work, quick=quick)
        with context.progress.step(title(applied.chosen)) as step:
            _wait(identity, log, lambda count, name: step.update(note=f"{count} done, last: {name}"))
        return all_rows(_text(log), applied.chosen)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _start(applied: Applied, layout: Layout, work: Path, *, quick: bool) -> tuple[ProcessIdentity, Path]:
    home, log = work / "home", work / "output"
    home.mkdir(mode=0o700)
    if applied.root:
        os.chown(home, _TESTER_ID, _TESTER_ID)
        work.chmod(0o711)
    place = Place("self-test", "self-test", _TESTER_ID)
    start = Start(place, {}, (), absent=data_shown.absent(applied.settings, layout))
    document = render_sandbox(applied, layout, start, machine_cpus=len(os.sched_getaffinity(0)))
    python = str(applied.environment / "bin" / "python")
    command = (python, "-m", "skrt_workspace.verify", "--json", *(["--quick"] if quick else []))
    inside = document.working_directory if document.isolated else str(home)
    document = replace(
        document,
        home=str(home),
        command=command,
        log_file=str(log),
        notices=None,
        working_directory=inside,
        environment={**document.environment, "HOME": inside},
    )
    return asyncio.run(plain_start(applied.environment, document)), log


def _wait(identity: ProcessIdentity, log: Path, tell: Callable[[int, str], None]) -> None:
    deadline = time.monotonic() + _DEADLINE
    while is_alive(identity) and time.monotonic() < deadline:
        rows = rows_so_far(_text(log))
        if rows:
            tell(len(rows), rows[-1].name)
        time.sleep(0.2)


def _text(log: Path) -> str:
    return log.read_text(encoding="utf-8", errors="replace") if log.exists() else ""
