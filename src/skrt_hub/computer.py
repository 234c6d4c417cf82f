"""What skrt-hub can do on the computer where it is typed: a hub on one machine needs Linux, one in a cluster does not.

This is the only module that asks which system it is, beside the one for files and locks (skrt_workspace.system).
"""

from __future__ import annotations

import sys

from skrt_hub.errors import PrerequisiteError

_NAMES = {"darwin": "macOS", "win32": "Windows"}


def name() -> str:
    """The system's name, as people know it."""
    return "Linux" if is_linux() else _NAMES.get(sys.platform, sys.platform)


def is_linux() -> bool:
    """Whether this is Linux, WSL 2 and containers among it."""
    return sys.platform == "linux"


def is_unix() -> bool:
    """Whether files are opened from folders, and sockets have names: on Linux and macOS."""
    return sys.platform != "win32"


def need_linux(what: str, why: str = "") -> None:
    """Raises PrerequisiteError on macOS and Windows."""
    if not is_linux():
        raise _elsewhere(f"{what} needs Linux, and this is {name()}.", why)


def need_unix(what: str, why: str = "", remedy: str = "") -> None:
    """Raises PrerequisiteError on Windows."""
    if not is_unix():
        raise _elsewhere(f"{what} needs Linux or macOS, and this is {name()}.", why, remedy)


def _elsewhere(what: str, why: str, remedy: str = "") -> PrerequisiteError:
    return PrerequisiteError(what, why=why, remedy=remedy or f"Type it in {_linux_here()}.")


def _linux_here() -> str:
    container = "a container (docs/how-to/container.md)"
    return container if is_unix() else f"WSL 2 (docs/how-to/windows.md) or in {container}"


def need_linux_for_machine() -> None:
    """Raises PrerequisiteError where hub.yaml wants the hub on this computer, and that is no Linux."""
    if not is_linux():
        raise PrerequisiteError(
            f"A hub on one machine needs Linux, and this is {name()}.",
            why="Participants are kept apart by what Linux alone has.",
            remedy="For a hub in a cluster write `target: kubernetes` in hub.yaml. "
            f"For a hub on this computer type skrt-hub in {_linux_here()}.",
        )
