"""An elastix of the system in place of ours: where the organiser chose one, or where the library has none.

The hub passes the choice as the variable SKRT_ELASTIX, the path of the elastix program; transformix stands beside it.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from skrt_workspace.engines import exact, threads

VARIABLE = "SKRT_ELASTIX"
OLDEST = (5, 1)
REMEDY = (
    "Install elastix 5.1 or newer and name it in hub.yaml. On x86-64, Debian 13 and Ubuntu 25.04 have the package "
    "`elastix`; for other processors build it from its source (https://elastix.dev)."
)


def other_program(command: str) -> Path | None:
    """The system's program to run as `command`, or None where ours is to be used."""
    from skrt_workspace.engines import elastix_package  # noqa: PLC0415

    chosen = os.environ.get(VARIABLE)
    if chosen:
        return Path(chosen).with_name(command)
    if elastix_package():
        return None
    own = Path(sys.prefix, "bin").resolve()
    folders = [
        folder for folder in os.environ.get("PATH", os.defpath).split(os.pathsep) if Path(folder).resolve() != own
    ]
    found = shutil.which(command, path=os.pathsep.join(folders))
    return Path(found) if found else None


def run_instead(command: str, arguments: Sequence[str]) -> int | None:
    """Become the system's program where one is to be used.

    Returns an exit code where that failed, and None where ours is to be used. With no `-threads` the number from the
    environment is passed on, so that all participants get the same result.
    """
    from skrt_workspace.engines import elastix_package  # noqa: PLC0415

    program = other_program(command)
    if program is None:
        if elastix_package():
            return None
        print(
            f"ERROR: this environment has no {command}: there is no library with it for this platform.", file=sys.stderr
        )
        print(REMEDY, file=sys.stderr)
        return 1
    problem = _unsuitable(program)
    if problem:
        print(f"ERROR: {program} cannot be used: {problem}.\n{REMEDY}", file=sys.stderr)
        return 1
    if command == "elastix":
        arguments = _exact(arguments)
    number = threads.from_environment()
    extra = ["-threads", str(number)] if number and len(arguments) > 1 and "-threads" not in arguments else []
    return os.execv(program, [str(program), *arguments, *extra])  # noqa: S606 - no shell is what we want


def _exact(arguments: Sequence[str]) -> list[str]:
    """The words with parameter files that make the result exact; as they are where a file or folder is missing."""
    words = list(arguments)
    given = dict(zip(words[0::2], words[1::2], strict=False))
    folder = Path(given.get("-out", ""))
    if "-out" not in given or not folder.is_dir():
        return words
    for number, place in enumerate(place for place in range(0, len(words) - 1, 2) if words[place] == "-p"):
        file = Path(words[place + 1])
        if file.is_file():
            words[place + 1] = str(exact.exact_copy(file, folder, number))
    return words


def _unsuitable(program: Path) -> str | None:
    """Why a program is not an elastix (or transformix) that can be used, or None."""
    try:
        answer = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"it does not run ({error})"
    match = re.search(r"version:\s*(\d+)\.(\d+)", answer.stdout)
    if match is None:
        return "it does not tell its version"
    if (int(match[1]), int(match[2])) < OLDEST:
        return f"it is version {match[1]}.{match[2]}, and 5.1 or newer is needed"
    return None
