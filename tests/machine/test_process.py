"""Programs that are run and followed for real, and the Python interface, which starts none of the command line."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from skrt_hub.bench.stock import stock_hub
from skrt_hub.environment import Environment
from skrt_hub.errors import PrerequisiteError, ProgramError
from skrt_hub.process import beside_python, follow, run, start


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def test_lines_come_while_the_program_runs_and_the_last_are_kept() -> None:
    code = "import time\nfor n in range(20): print(n, flush=True)\ntime.sleep(1); raise SystemExit(7)"
    began = time.monotonic()
    with follow(python(code), keep=3) as program:
        assert next(program.lines) == "0"
        assert time.monotonic() - began < 1
        assert [*program.lines][-1] == "19"
    assert (program.code, program.last_lines) == (7, "17\n18\n19")


def test_many_words_of_both_kinds_hold_nobody_up() -> None:
    code = "import sys\nfor n in range(20000): print('o' * 50); print('e' * 50, file=sys.stderr)"
    with follow(python(code), errors_apart=True) as program:
        assert sum(1 for _ in program.lines) == 20000
    assert (program.code, len(program.errors)) == (0, 20000 * 51)
    with follow(python(code)) as program:
        assert sum(1 for _ in program.lines) == 40000


def test_a_program_that_is_left_early_is_ended() -> None:
    child = 0
    with (
        pytest.raises(ZeroDivisionError),
        follow(python("import os, time; print(os.getpid(), flush=True); time.sleep(60)")) as program,
    ):
        child = int(next(program.lines))
        raise ZeroDivisionError
    assert not psutil.pid_exists(child)


def test_a_program_that_is_not_there_is_told_whatever_starts_it() -> None:
    with pytest.raises(PrerequisiteError, match="no-such-program"):
        run(["no-such-program"], deadline=1)
    with pytest.raises(PrerequisiteError, match="no-such-program"):
        start(["no-such-program"])
    with pytest.raises(PrerequisiteError, match="no-such-program"), follow(["no-such-program"]):
        pass


def test_a_deadline_and_a_failure_say_the_last_words() -> None:
    with pytest.raises(ProgramError, match="took longer than 1 s") as late:
        run(python("import sys, time; print('busy', file=sys.stderr, flush=True); time.sleep(30)"), deadline=1)
    assert late.value.why == "busy"
    with pytest.raises(ProgramError, match="exit code 3") as failed:
        run(python("import sys; print('oh', file=sys.stderr); sys.exit(3)"), deadline=30)
    assert failed.value.why == "oh"


def test_the_python_interface_starts_no_command_line(tmp_path: Path) -> None:
    code = (
        "import sys; from skrt_hub import Hub; print(Hub.load(state=sys.argv[1]).status().state); "
        "print([name for name in sys.modules if name in ('click', 'skrt_hub.cli')])"
    )
    done = subprocess.run([*python(code), tmp_path], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["absent", "[]"]


@pytest.mark.long
def test_programs_of_ours_are_found_without_path(environment: Environment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", os.defpath)
    assert beside_python("traefik").exists()

    async def up() -> str:
        async with stock_hub(environment.folder) as hub:
            return hub.proxy

    assert asyncio.run(up()) == "traefik"
