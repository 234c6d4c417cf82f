"""The one door to other programs: list arguments, a deadline, and their last words when they fail.

`run` waits for the end, `follow` reads along, `start` and `start_in_loop` are for programs that are spoken with or that
outlive a command; a rule of the linter (TID251) keeps everything else in skrt_hub from starting programs. Secrets never
go through arguments (any user can read them in /proc); hand them over on standard input or in a file.
"""

from __future__ import annotations

import asyncio
import os
import shlex
import subprocess
import sys
import sysconfig
import tempfile
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from skrt_hub.errors import PrerequisiteError, ProgramError

Echo = Callable[[str], None]
Program = subprocess.Popen
"""A program that was started, as a type."""

_PATIENCE = 15.0  # seconds for a program that was asked to end

_KEPT = 12
"""Lines of a program's output that are kept for an error."""


@dataclass(frozen=True)
class Finished:
    """What a program that ended left: its exit code and what it printed."""

    arguments: tuple[str, ...]
    code: int
    out: str
    err: str


def run(
    arguments: Sequence[str | Path],
    *,
    deadline: float,
    check: bool = True,
    stdin: str | bytes | Path | None = None,
    environment: Mapping[str, str] | None = None,
    folder: Path | None = None,
    echo: Echo | None = None,
    remedy: str = "",
) -> Finished:
    """Run a program to its end and return what it printed.

    `deadline` is in seconds. `stdin` is what the program reads, or the path of a file with it. `environment` replaces
    the inherited one. `echo` is told the quoted command first.
    Raises PrerequisiteError when the program does not exist, ProgramError when it took longer than the deadline
    or, with `check`, ended with another code than 0.
    """
    words = tuple(str(word) for word in arguments)
    if echo is not None:
        echo(f"+ {shlex.join(words)}")
    text = stdin.encode() if isinstance(stdin, str) else stdin if isinstance(stdin, bytes) else None
    file = stdin if isinstance(stdin, Path) else Path(os.devnull)
    try:
        with file.open("rb") as source:
            done = subprocess.run(
                words,
                **({"stdin": source} if text is None else {"input": text}),
                capture_output=True,
                timeout=deadline,
                env=dict(environment) if environment is not None else None,
                cwd=folder,
                check=False,
            )
    except FileNotFoundError as error:
        raise _not_found(words[0], error, remedy) from error
    except subprocess.TimeoutExpired as error:
        raise ProgramError(
            f"{Path(words[0]).name} took longer than {deadline:.0f} s and was ended.",
            why=last_lines(_text(error.stderr) or _text(error.stdout)),
            remedy=remedy or "Run the command again with --verbose to see what it does.",
        ) from error
    finished = Finished(words, done.returncode, _text(done.stdout), _text(done.stderr))
    if check and finished.code != 0:
        raise ProgramError(
            f"{Path(words[0]).name} failed with exit code {finished.code}.",
            why=last_lines(finished.err or finished.out),
            remedy=remedy or "Run the command again with --verbose to see what it does.",
        )
    return finished


@dataclass
class Followed:
    """A program that runs: its lines as they come, the last of them, and how it ended."""

    lines: Iterator[str]
    last: deque[str]
    code: int = 0
    errors: str = ""
    read_all: bool = False

    @property
    def last_lines(self) -> str:
        return "\n".join(self.last)


@contextmanager
def follow(
    arguments: Sequence[str | Path],
    *,
    environment: Mapping[str, str] | None = None,
    folder: Path | None = None,
    holding: Sequence[int] = (),
    errors_apart: bool = False,
    keep: int = _KEPT,
    echo: Echo | None = None,
    remedy: str = "",
) -> Iterator[Followed]:
    """Read a program's lines while it runs; after the block it has ended, and `code` says how.

    What it prints as errors is among the lines, or in `errors` with `errors_apart`. `holding` are open files that it
    holds as long as it runs. A block that is left early ends the program. Raises PrerequisiteError where it does not
    exist.
    """
    if echo is not None:
        echo(f"+ {shlex.join(map(str, arguments))}")
    with tempfile.TemporaryFile() as apart:
        program = start(
            arguments,
            stdout=subprocess.PIPE,
            stderr=apart if errors_apart else subprocess.STDOUT,
            env=dict(environment) if environment is not None else None,
            cwd=folder,
            text=True,
            errors="replace",
            pass_fds=tuple(holding),
            remedy=remedy,
        )
        followed = Followed(iter(()), deque(maxlen=keep))
        followed.lines = _lines(program, followed)
        with program:
            try:
                yield followed
            finally:
                if not followed.read_all:
                    _end(program)
        followed.code = program.returncode
        apart.seek(0)
        followed.errors = _text(apart.read())


def start(arguments: Sequence[str | Path], *, remedy: str = "", **options: Any) -> subprocess.Popen[Any]:
    """Start a program that is spoken with, or that outlives the command; `options` are those of subprocess.Popen.

    It reads nothing unless told otherwise. Raises PrerequisiteError where it does not exist.
    """
    words = [str(word) for word in arguments]
    try:
        return subprocess.Popen(words, **{"stdin": subprocess.DEVNULL, **options})
    except FileNotFoundError as error:
        raise _not_found(words[0], error, remedy) from error


def outliving() -> dict[str, Any]:
    """Options of subprocess.Popen for a program that Ctrl-C and a closed terminal do not end."""
    if sys.platform == "win32":
        return {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW}
    return {"start_new_session": True}


async def start_in_loop(arguments: Sequence[str | Path], **options: Any) -> asyncio.subprocess.Process:
    """The same for a program that a loop of asyncio waits for."""
    words = [str(word) for word in arguments]
    try:
        return await asyncio.create_subprocess_exec(*words, **{"stdin": subprocess.DEVNULL, **options})
    except FileNotFoundError as error:
        raise _not_found(words[0], error, "") from error


def beside_python(name: str) -> Path:
    """A program that came with skrt-hub: it lies beside the Python that runs it, whatever PATH says."""
    return Path(sysconfig.get_path("scripts")) / name


def last_lines(text: str | Path, lines: int = _KEPT) -> str:
    """The last lines of a text, or of a file that may not be there."""
    if isinstance(text, Path):
        try:
            text = text.read_text(encoding="utf-8", errors="replace")
        except OSError:
            return ""
    return "\n".join(text.strip().splitlines()[-lines:])


def plain_environment(*keep: str) -> dict[str, str]:
    """The inherited environment cut down to what any program needs, plus the variables named in `keep`.

    Python's own variables are left out: they would reach into another environment's interpreter.
    """
    usual = ("PATH", "HOME", "USER", "LOGNAME", "LANG", "LC_ALL", "LC_CTYPE", "TERM", "TMPDIR", "TZ")
    windows = (
        "SYSTEMROOT",
        "COMSPEC",
        "PATHEXT",
        "USERPROFILE",
        "APPDATA",
        "LOCALAPPDATA",
        "PROGRAMDATA",
        "TEMP",
        "TMP",
    )
    return {name: os.environ[name] for name in (*usual, *windows, *keep) if name in os.environ}


def _text(data: bytes | str | None) -> str:
    if data is None:
        return ""
    return data if isinstance(data, str) else data.decode(errors="replace")


def _lines(program: subprocess.Popen[str], followed: Followed) -> Iterator[str]:
    assert program.stdout is not None
    for line in program.stdout:
        followed.last.append(line.rstrip())
        yield line.rstrip("\n")
    followed.read_all = True  # nothing more to say: it is about to end by itself


def _end(program: subprocess.Popen[str]) -> None:
    program.terminate()
    try:
        program.wait(_PATIENCE)
    except subprocess.TimeoutExpired:
        program.kill()


def _not_found(program: str, error: OSError, remedy: str) -> PrerequisiteError:
    return PrerequisiteError(
        f"The program {program} was not found.", why=str(error), remedy=remedy or "Run: skrt-hub check"
    )
