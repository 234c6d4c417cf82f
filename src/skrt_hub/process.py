"""The one door to other programs: list arguments, a deadline, and their last words when they fail.

Secrets never go through arguments (any user can read them in /proc); hand them over on standard input or in a file.
"""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from skrt_hub.errors import PrerequisiteError, ProgramError

Echo = Callable[[str], None]


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
        raise PrerequisiteError(
            f"The program {words[0]} was not found.", why=str(error), remedy=remedy or "Run: skrt-hub check"
        ) from error
    except subprocess.TimeoutExpired as error:
        raise ProgramError(
            f"{Path(words[0]).name} took longer than {deadline:.0f} s and was ended.",
            why=_last_words(_text(error.stderr) or _text(error.stdout)),
            remedy=remedy or "Run the command again with --verbose to see what it does.",
        ) from error
    finished = Finished(words, done.returncode, _text(done.stdout), _text(done.stderr))
    if check and finished.code != 0:
        raise ProgramError(
            f"{Path(words[0]).name} failed with exit code {finished.code}.",
            why=_last_words(finished.err or finished.out),
            remedy=remedy or "Run the command again with --verbose to see what it does.",
        )
    return finished


def plain_environment(*keep: str) -> dict[str, str]:
    """The inherited environment cut down to what any program needs, plus the variables named in `keep`.

    Python's own variables are left out: they would reach into another environment's interpreter.
    """
    usual = ("PATH", "HOME", "USER", "LOGNAME", "LANG", "LC_ALL", "LC_CTYPE", "TERM", "TMPDIR", "TZ")
    return {name: os.environ[name] for name in (*usual, *keep) if name in os.environ}


def _text(data: bytes | str | None) -> str:
    if data is None:
        return ""
    return data if isinstance(data, str) else data.decode(errors="replace")


def _last_words(text: str, lines: int = 12) -> str:
    return "\n".join(text.strip().splitlines()[-lines:])
