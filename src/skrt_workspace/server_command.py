"""The command of a participant's server: written by the hub, read by the fork server."""

from __future__ import annotations

MODULE = "skrt_workspace.launch"
POD = "--pod"
"""For a container, which is no sandbox of ours: the program gives up what rights are left to it."""
WARM = "--warm"


def command(python: str, *arguments: str) -> tuple[str, ...]:
    """The command of a participant's server with this Python; what the hub puts into the sandbox document."""
    return (python, "-P", "-s", "-m", MODULE, *arguments)


def arguments_of(given: tuple[str, ...], python: str) -> list[str] | None:
    """The server's arguments where `given` is a command that `command` made for this Python, else None."""
    for start in (command(python), (python, "-P", "-m", MODULE), (python, "-m", MODULE)):
        if given[: len(start)] == start:
            return list(given[len(start) :])
    return None
