"""The hub to measure: the one at hand where it runs and lets scripted names in, else a temporary one like it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import secrets
import shutil
import socket
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from skrt_hub import sockets
from skrt_hub.bench import test_users
from skrt_hub.bench.measure import Subject
from skrt_hub.context import Context
from skrt_hub.errors import SkrtHubError, StateError
from skrt_hub.hub import seat_keeper
from skrt_hub.hub.applied import Applied, read_applied
from skrt_hub.layout import Layout
from skrt_hub.login import secret_text
from skrt_hub.policy import seats as seat_rules
from skrt_hub.process import run
from skrt_hub.settings.kubernetes import Kubernetes
from skrt_hub.settings.login import Login
from skrt_hub.settings.model import Settings
from skrt_hub.settings.people import Listed
from skrt_hub.settings.seats import Seats
from skrt_hub.settings.tls import Tls
from skrt_hub.targets.machine import control
from skrt_hub.targets.machine.records import running_servers

_COMMAND_DEADLINE = 1800.0
_WARM_DEADLINE = 60.0
_SEATS_DEADLINE = 1800.0
_KERNELS_SETTLE = 5.0  # a kernel begins when its server is there


def at_hand(context: Context) -> Applied | None:
    """The hub of this state folder if it runs, is open, and lets in any name; else None."""
    applied = read_applied(context.layout)
    if applied is None or applied.settings.participants or applied.settings.login.kind != "first-use":
        return None
    answer = control.ask(context.layout.control_socket, "status")
    return applied if answer is not None and answer["state"] == "running" else None


@contextlib.asynccontextmanager
async def running_hub(context: Context, applied: Applied, names: Sequence[str]) -> AsyncIterator[Subject]:
    """The hub at hand, for these names; they are removed afterwards, with all that was theirs."""
    try:
        yield _subject(context.layout, applied, names)
    finally:
        left = await test_users.remove(context.layout, applied, names)
        for words in left:
            context.progress.say(f"Not removed: {words}")


@contextlib.asynccontextmanager
async def temporary_hub(context: Context, names: Sequence[str], *, seats_ready: bool = False) -> AsyncIterator[Subject]:
    """A hub with the same settings in a temporary folder, on a free port of loopback; deleted afterwards.

    It is stopped and started again first, so that the start is measured too: the whole command, as it is typed. With
    `seats_ready` everybody's server runs before anybody comes, and a kernel waits in it.
    """
    root = Path(tempfile.mkdtemp(prefix="skrt-hub-bench-"))
    loop = asyncio.get_running_loop()
    try:
        root.chmod(0o711 if os.geteuid() == 0 else 0o700)
        layout = _prepare(context, root, tuple(names) if seats_ready else ())
        with context.progress.step("temporary hub: up"):
            await loop.run_in_executor(None, _command, layout, "up")
        await loop.run_in_executor(None, _command, layout, "stop")
        began = time.monotonic()
        await loop.run_in_executor(None, _command, layout, "start")
        start = time.monotonic() - began
        applied = read_applied(layout)
        if applied is None:
            raise StateError("The temporary hub is gone.", remedy="Run the same command again.")
        await _until_warm(layout)
        subject = replace(_subject(layout, applied, names), start=start)
        if seats_ready:
            with context.progress.step("temporary hub: seats are made ready"):
                await _make_seats_ready(layout, len(names))
            subject = replace(subject, system="seats ready")
        yield subject
    finally:
        with contextlib.suppress(SkrtHubError):
            await loop.run_in_executor(None, _command, Layout(root), "stop")
        await loop.run_in_executor(None, lambda: shutil.rmtree(root, ignore_errors=True))


def temporary_settings(settings: Settings, port: int, listed: Sequence[str] = ()) -> Settings:
    """The same hub for anybody, on loopback, under another name: of its log-in, nothing is left but a password.

    With a list it is for those alone.
    """
    people = tuple(Listed(login=name) for name in listed)
    for_them = {"login": Login(kind="first-use"), "participants": people, "organisers": (), "helpers": (), "shared": ()}
    here: dict[str, Any] = {"address": "127.0.0.1", "port": port, "tls": Tls(), "public_url": "", "participant_url": ""}
    here |= {"kubernetes": Kubernetes(), "seats": Seats()}
    changes = {"name": "bench", "target": "machine", "announce": False, "hub_config": None, **for_them, **here}
    return settings.model_copy(update=changes)


async def _make_seats_ready(layout: Layout, count: int) -> None:
    """Have everybody's server started, and wait until the last one is ready. Raises StateError."""
    loop = asyncio.get_running_loop()
    await loop.run_in_executor(None, _command, layout, "seats ready")
    give_up = time.monotonic() + _SEATS_DEADLINE
    while time.monotonic() < give_up:
        states = seat_rules.counted(seat_keeper.read(layout.hub / seat_keeper.DONE) or {})
        if states[seat_rules.READY] + states[seat_rules.FAILED] == count:
            await asyncio.sleep(_KERNELS_SETTLE)
            return
        await asyncio.sleep(0.5)
    raise StateError("The seats were not made ready in time.", remedy="Try with fewer people: --people N")


def _prepare(context: Context, root: Path, listed: Sequence[str]) -> Layout:
    """Write the temporary hub's settings; it uses the environments that are built already."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    settings = temporary_settings(context.settings, port, listed)
    write_settings(root / "hub.yaml", settings)
    return Layout(root)


def write_settings(file: Path, settings: Settings) -> None:
    """Write settings as a hub.yaml: JSON is YAML, too."""
    file.write_text(json.dumps(settings.model_dump(mode="json", exclude_none=True)), encoding="utf-8")


async def _until_warm(layout: Layout) -> None:
    """Wait until the fork server listens; without one, participants are started plainly and measured so."""
    give_up = time.monotonic() + _WARM_DEADLINE
    while time.monotonic() < give_up and not _listens(layout.fork_server_socket()):
        await asyncio.sleep(0.2)


def _listens(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe, sockets.short_path(path) as name:
        return probe.connect_ex(name) == 0


def _command(layout: Layout, verb: str) -> None:
    config = ("--state", layout.root, "--config", layout.root / "hub.yaml")
    words: tuple[str | Path, ...] = (sys.executable, "-m", "skrt_hub", *verb.split(), *config)
    run(words, deadline=_COMMAND_DEADLINE)  # with our own variables: it is what the person at the keyboard could type


def _subject(layout: Layout, applied: Applied, names: Sequence[str]) -> Subject:
    wanted = set(names)

    def servers() -> list[int]:
        return [server.identity.pid for server in running_servers(layout) if server.name in wanted]

    def parts() -> dict[str, int]:
        answer = control.ask(layout.control_socket, "status") or {"components": {}}
        pids = {name: words.rpartition("pid ")[2] for name, words in answer["components"].items() if "pid " in words}
        return {name: int(pid) for name, pid in pids.items()}

    return Subject(
        "skrt-hub", applied.settings.url, secrets.token_urlsafe(16), servers, parts, hash_each=_least_of_a_hash()
    )


def _least_of_a_hash() -> float:
    """Seconds of processor time for the hash of a password on this machine, the least of some."""
    tries = []
    for _ in range(5):
        began = time.process_time()
        secret_text.hashed("a password")
        tries.append(time.process_time() - began)
    return min(tries)
