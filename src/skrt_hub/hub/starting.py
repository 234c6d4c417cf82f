"""Starting a sandbox with a fresh interpreter of the participants' environment, and waiting until a server listens."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from pathlib import Path

from skrt_hub.errors import StartError
from skrt_hub.files import read_json
from skrt_hub.hub import sandbox_program
from skrt_hub.process import start_in_loop
from skrt_workspace.sandbox.document import LISTENER_VARIABLE, SandboxDocument
from skrt_workspace.sandbox.identity import ProcessIdentity, open_pidfd, send_signal, wait_ended

_START_DEADLINE = 60.0
_ANSWER_DEADLINE = 120.0
_END_DEADLINE = 10.0
_PAUSE = 0.1


async def plain_start(environment: Path, document: SandboxDocument, listener: int | None = None) -> ProcessIdentity:
    """Start a sandbox with a fresh interpreter. Raises StartError with the program's own words.

    `listener` is the descriptor of the socket on which the server is to listen.
    """
    given = {} if listener is None else {LISTENER_VARIABLE: str(listener)}
    process = await start_in_loop(
        sandbox_program.making(environment),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**sandbox_program.ENVIRONMENT, **given},
        pass_fds=() if listener is None else (listener,),
        start_new_session=True,
    )
    out, err = await asyncio.wait_for(process.communicate(document.to_json().encode()), _START_DEADLINE)
    words = (out.decode(errors="replace"), err.decode(errors="replace"))
    return sandbox_program.first_process(*words, process.returncode, StartError, "The sandbox could not be made.")


async def end_user(environment: Path, uid: int) -> None:
    """End every process of a participant's user."""
    words = sandbox_program.ending(environment, uid)
    process = await start_in_loop(words, env=sandbox_program.ENVIRONMENT, start_new_session=True)
    await asyncio.wait_for(process.wait(), _START_DEADLINE)


def end_left_over(record: Path, known: ProcessIdentity | None) -> bool:
    """End the server of this record when it runs and is not the `known` one; returns whether there was one.

    A hub that ended while it was starting a server leaves it so: JupyterHub forgets it, and nobody has its secrets, but
    it listens on its participant's socket, and would answer in place of the next.
    """
    document = read_json(record) or {}
    try:
        left = ProcessIdentity(**document["process"])
    except (KeyError, TypeError):
        return False
    if left == known or not send_signal(left, signal.SIGKILL):
        return False
    wait_ended(left, _END_DEADLINE)
    with contextlib.suppress(TypeError):
        send_signal(ProcessIdentity(**document["companion"]), signal.SIGTERM)
    return True


async def until_answers(port: int, path: str, identity: ProcessIdentity, log: Path) -> None:
    """Return as soon as the server answers at `path`, so that JupyterHub's own first question need not wait.

    Its socket listens already, so the question is put at once and waits there. Raises StartError with the server's last
    words when it ended, or when it does not answer in time.
    """
    asked = asyncio.ensure_future(_first_answer(port, path))
    ended = asyncio.ensure_future(until_ended(identity))
    try:
        await asyncio.wait({asked, ended}, timeout=_ANSWER_DEADLINE, return_when=asyncio.FIRST_COMPLETED)
        if not asked.done() and ended.done():
            raise StartError("The server ended while it was starting.", why=_last_words(log))
        if not asked.done():
            raise StartError(f"The server did not answer within {_ANSWER_DEADLINE:.0f} s.", why=_last_words(log))
    finally:
        for task in (asked, ended):
            task.cancel()


async def until_ended(identity: ProcessIdentity) -> None:
    """Return when this process has ended."""
    descriptor = open_pidfd(identity)
    if descriptor is None:
        return
    loop = asyncio.get_running_loop()
    gone: asyncio.Future[None] = loop.create_future()
    loop.add_reader(descriptor, _settle, gone)
    try:
        await gone
    finally:
        loop.remove_reader(descriptor)
        os.close(descriptor)


def _settle(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


async def _first_answer(port: int, path: str) -> None:
    while True:
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            try:
                writer.write(f"GET {path} HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n".encode())
                if await reader.read(1):
                    return
            finally:
                writer.close()
        except OSError:
            pass
        await asyncio.sleep(_PAUSE)


def _last_words(log: Path, lines: int = 3) -> str:
    try:
        return " ".join(log.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-lines:])
    except OSError:
        return "It wrote no log."
