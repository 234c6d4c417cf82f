"""Starting a sandbox with a fresh interpreter of the participants' environment, and waiting until a server listens."""

from __future__ import annotations

import asyncio
import json
import socket
import time
from pathlib import Path

from skrt_hub.errors import StartError
from skrt_workspace.sandbox.document import SandboxDocument
from skrt_workspace.sandbox.identity import ProcessIdentity, is_alive

_START_DEADLINE = 60.0
_LISTEN_DEADLINE = 120.0
_PAUSE = 0.02
_LONG_PAUSE = 0.1
_LOOK_EVERY = 0.25


async def plain_start(environment: Path, document: SandboxDocument) -> ProcessIdentity:
    """Start a sandbox with a fresh interpreter. Raises StartError with the program's own words."""
    process = await asyncio.create_subprocess_exec(
        str(environment / "bin" / "python"),
        "-I",
        "-m",
        "skrt_workspace.sandbox",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"},
        start_new_session=True,
    )
    out, err = await asyncio.wait_for(process.communicate(document.to_json().encode()), _START_DEADLINE)
    try:
        answer = json.loads(out)
    except ValueError:
        answer = {"error": err.decode(errors="replace").strip() or f"exit code {process.returncode}"}
    if "error" in answer:
        raise StartError(
            "The sandbox could not be made.",
            why=str(answer["error"]),
            remedy=str(answer.get("remedy") or "Run: skrt-hub check"),
        )
    return ProcessIdentity(**answer)


async def until_listening(port: int, identity: ProcessIdentity, log: Path) -> None:
    """Return as soon as the server listens, so that JupyterHub's own first question is answered and it need not wait.

    Raises StartError with the server's last words when it ended, or when it does not listen in time.
    """
    began = time.monotonic()
    look_again = began + _LOOK_EVERY
    while not _listens(port):
        now = time.monotonic()
        if now > look_again:  # seldom: it is read from a file, while the hub has a whole class to answer
            look_again = now + _LOOK_EVERY
            if not is_alive(identity):
                raise StartError("The server ended while it was starting.", why=_last_words(log))
        if now > began + _LISTEN_DEADLINE:
            raise StartError(f"The server did not answer within {_LISTEN_DEADLINE:.0f} s.", why=_last_words(log))
        await asyncio.sleep(_PAUSE if now < began + 1 else _LONG_PAUSE)


def _listens(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=0.2):  # on loopback: at once, either way
            return True
    except OSError:
        return False


def _last_words(log: Path, lines: int = 3) -> str:
    try:
        return " ".join(log.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-lines:])
    except OSError:
        return "It wrote no log."
