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
_FIRST_PAUSE = 0.01
_LONGEST_PAUSE = 0.1


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
    give_up = time.monotonic() + _LISTEN_DEADLINE
    pause = _FIRST_PAUSE
    while not _listens(port):
        if not is_alive(identity):
            raise StartError("The server ended while it was starting.", why=_last_words(log))
        if time.monotonic() > give_up:
            raise StartError(f"The server did not answer within {_LISTEN_DEADLINE:.0f} s.", why=_last_words(log))
        await asyncio.sleep(pause)
        pause = min(_LONGEST_PAUSE, 1.3 * pause)


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
