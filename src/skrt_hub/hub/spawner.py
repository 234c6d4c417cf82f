"""JupyterHub's spawner: starts a participant's server in its sandbox, finds it again, and ends it.

A server is known by pid, start time and boot identifier (skrt_workspace.sandbox.identity). A hub that was killed thus
adopts the servers that still run, and a number that was used again is never taken for one of them.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

from jupyterhub.spawner import Spawner
from tornado import web  # type: ignore[attr-defined]
from traitlets import Float, Unicode

from skrt_hub.errors import SkrtHubError, StartError
from skrt_hub.files import write_json
from skrt_hub.hub import (
    admission,
    control_groups,
    data_shown,
    failed_starts,
    gpu,
    internet,
    profile_form,
    seat_keeper,
    server_socket,
    shared_folders,
)
from skrt_hub.hub.applied import Applied, read_applied
from skrt_hub.hub.names import Place, Places
from skrt_hub.hub.occupancy import Occupancy
from skrt_hub.hub.participant_folders import prepare_folders, server_record
from skrt_hub.hub.sandboxing import Start, render_sandbox
from skrt_hub.hub.starting import end_left_over, end_user, plain_start, until_answers, until_ended
from skrt_hub.layout import Layout
from skrt_hub.policy import fork_servers, profiles, seats
from skrt_workspace import ahead, second_try
from skrt_workspace.forkserver import client as fork_server
from skrt_workspace.sandbox.document import LANDLOCK, SandboxDocument, Shared
from skrt_workspace.sandbox.identity import ProcessIdentity, is_alive, send_signal, wait_ended

CPUS = len(os.sched_getaffinity(0))
# One hub is one process, and all its spawners share these.
QUEUE = admission.Queue(admission.slots(CPUS))
OCCUPANCY = Occupancy()
WATCHES: set[asyncio.Future[None]] = set()
_LOOPBACK = "127.0.0.1"
FILES = ThreadPoolExecutor(max_workers=1, thread_name_prefix="files")


class SandboxSpawner(Spawner):  # type: ignore[misc]
    """One participant's server."""

    state_folder = Unicode(help="The hub's state folder.").tag(config=True)
    stop_patience = Float(10.0, help="Seconds a server gets to end by itself before it is killed.").tag(config=True)

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.profile = ""
        self.shared: tuple[Shared, ...] = ()
        self.identity: ProcessIdentity | None = None
        self.companion: ProcessIdentity | None = None  # what leads the sandbox to the internet, where a program does

    @property
    def layout(self) -> Layout:
        return Layout(Path(self.state_folder))

    def get_state(self) -> dict[str, Any]:
        """What JupyterHub keeps in its database to find the server again."""
        state: dict[str, Any] = super().get_state()
        if self.identity is not None:
            state["process"] = self.identity.as_dict()
        if self.companion is not None:
            state["companion"] = self.companion.as_dict()
        return state

    def load_state(self, state: dict[str, Any]) -> None:
        """The server as it was when the hub last knew of it."""
        super().load_state(state)
        self.identity = ProcessIdentity(**state["process"]) if "process" in state else None
        self.companion = ProcessIdentity(**state["companion"]) if "companion" in state else None
        if self.identity is not None:
            OCCUPANCY.came(self.user.name, self.identity)
            self._watch()
        place = Places(self.layout.folders).find(self.user.name)
        if place is not None and end_left_over(server_record(self.layout, place.folder), self.identity):
            self.log.warning("%s: a server that was starting when the hub ended was ended", self.user.name)

    def clear_state(self) -> None:
        """Forget the server: it has ended."""
        super().clear_state()
        self.identity = None
        self._end_companion()
        OCCUPANCY.went(self.user.name)

    def delete_forever(self) -> None:
        """The participant is no longer known: nothing is told of a start that failed."""
        failed_starts.forget(self.layout, self.user.name)

    async def start(self) -> tuple[str, int]:
        """Start the server in its sandbox; returns where it listens. The text of an error is shown in the page."""
        try:
            applied = self._sized(self._applied())
            await self._ensure_room(applied)
            async with QUEUE.turn(self.user.name):
                return await self._start(applied)
        except SkrtHubError as error:
            failed_starts.note(self.layout, self.user.name, "failed", f"{error.what} {error.why}")
            self.log.error("%s: the server was not started: %s", self.user.name, error)
            failure = web.HTTPError(500, "The server could not be started.")
            failure.jupyterhub_message = f"{error.what} {error.why} {error.remedy}"
            raise failure from None

    async def progress(self) -> AsyncIterator[dict[str, Any]]:
        """What the waiting page shows: how many start before this one."""
        async for words in admission.places(QUEUE, self.user.name):
            yield {"message": words, "progress": 50 if QUEUE.before(self.user.name) is None else 10}

    async def _ensure_room(self, applied: Applied) -> None:
        limits = applied.settings.limits
        memory = await OCCUPANCY.memory()
        running = OCCUPANCY.names()  # a server counts from its first process on, also while it is still starting
        starting = QUEUE.names() - running
        found = admission.room(memory, running=len(running), starting=len(starting), limit=limits.servers)
        if found.full:
            self.log.warning("%s: all %d seats are taken", self.user.name, found.seats)
            failure = web.HTTPError(503, "All seats are taken.")
            failure.jupyterhub_message = admission.refusal(found, limits.idle)
            failed_starts.note(self.layout, self.user.name, "no-seat", failure.jupyterhub_message)
            raise failure

    async def _start(self, applied: Applied) -> tuple[str, int]:
        loop = asyncio.get_running_loop()
        # Files are written on a thread, so that the hub answers everybody else meanwhile; one thread: they take turns.
        place = await loop.run_in_executor(FILES, Places(self.layout.folders).ensure, self.user.name)
        try:
            await self._start_once(applied, place, {})
        except StartError as error:
            home = self.layout.home(place.folder)
            if not await loop.run_in_executor(FILES, second_try.has_own_settings, home):
                raise
            self.log.warning("%s: the server did not start; now without own settings: %s", self.user.name, error.why)
            await self._end_what_failed()
            why = " ".join(f"{error.what} {error.why}".split())[-500:]
            await self._start_once(applied, place, {second_try.VARIABLE: why})
        pid = self.identity.pid if self.identity is not None else 0
        self.log.info("%s: server started, pid %d, folder %s", self.user.name, pid, place.folder)
        return self.ip, self.port

    async def _end_what_failed(self) -> None:
        identity, self.identity = self.identity, None
        if identity is not None and send_signal(identity, signal.SIGKILL):
            await asyncio.get_running_loop().run_in_executor(None, wait_ended, identity, self.stop_patience)

    async def _start_once(self, applied: Applied, place: Place, variables: dict[str, str]) -> None:
        """Start the server, with these variables besides, and wait until it answers. Raises StartError."""
        if not self.layout.expected.exists():  # asked here, after the wait for a turn: its server would be left behind
            raise StartError("The hub is being stopped.")
        loop = asyncio.get_running_loop()
        self.ip = _LOOPBACK
        listener, self.port = await loop.run_in_executor(None, server_socket.take, self.layout, place.folder)
        with listener:
            environment, arguments = {**self.get_env(), **variables}, tuple(self.get_args())
            document = await loop.run_in_executor(FILES, self._prepare, applied, place, environment, arguments)
            self.identity = await self._spawn(applied, document, listener.fileno())
        await loop.run_in_executor(FILES, self._remember, place, applied)  # at once: the hub may be killed any moment
        self._watch()
        OCCUPANCY.came(self.user.name, self.identity)
        await self._connect(applied)
        if self.companion is not None:
            await loop.run_in_executor(FILES, self._remember, place, applied)
        log = self.layout.server_log(place.folder)
        await until_answers(self.port, f"{self.server.base_url}api", self.identity, log)

    def _prepare(
        self, applied: Applied, place: Place, environment: dict[str, str], arguments: tuple[str, ...]
    ) -> SandboxDocument:
        layout = self.layout
        prepare_folders(layout, place, root=applied.root)
        groups = control_groups.ensure(layout.root, place.folder, applied.settings.limits)
        chosen = internet.way(applied.settings, root=applied.root, kind=applied.sandbox)
        self.shared = shared_folders.prepared(applied, layout, place.name)
        start = Start(
            place,
            environment,
            arguments,
            groups,
            listening=True,
            network=internet.network(chosen),
            shared=self.shared,
            absent=data_shown.absent(applied.settings, layout),
        )
        if applied.settings.limits.gpu:
            start = replace(start, cards=gpu.found())
        return render_sandbox(applied, layout, start, machine_cpus=CPUS)

    def _remember(self, place: Place, applied: Applied) -> None:
        assert self.identity is not None
        record = {
            "name": place.name,
            "process": self.identity.as_dict(),
            "companion": None if self.companion is None else self.companion.as_dict(),
            "port": self.port,
            "memory_limit": applied.settings.limits.memory,
            "profile": self.profile,
            "environment": str(applied.environment),
            "shared": shared_folders.as_noted(self.shared),
            "others": [str(folder) for _, folder in applied.others],
        }
        write_json(server_record(self.layout, place.folder), record, mode=0o600)
        failed_starts.forget(self.layout, place.name)

    def get_env(self) -> dict[str, str]:
        """The variables that JupyterHub gives a server, and none of the hub's own."""
        env: dict[str, str] = super().get_env()
        inherited = {"PATH", "PYTHONPATH", "CONDA_ROOT", "CONDA_DEFAULT_ENV", "VIRTUAL_ENV", "LANG", "LC_ALL", "HOME"}
        waits = {ahead.VARIABLE: "1"} if self._is_made_ready() else {}
        return {name: value for name, value in env.items() if name not in inherited} | waits

    def _is_made_ready(self) -> bool:
        """Whether this server is started before its person comes."""
        return seats.is_starting(seat_keeper.read(self.layout.hub / seat_keeper.DONE), self.user.name)

    async def poll(self) -> int | None:
        """None while the server runs, 0 when it does not."""
        if self.identity is not None and is_alive(self.identity):
            return None
        return 0

    async def stop(self, now: bool = False) -> None:
        """End the server and everything in its sandbox; `now` does not wait for it to save its state."""
        identity = self.identity
        if identity is None:
            return
        loop = asyncio.get_running_loop()
        if not now and send_signal(identity, signal.SIGTERM):
            await loop.run_in_executor(None, wait_ended, identity, self.stop_patience)
        if is_alive(identity):
            send_signal(identity, signal.SIGKILL)
            await loop.run_in_executor(None, wait_ended, identity, self.stop_patience)
        place = Places(self.layout.folders).find(self.user.name)
        if place is not None:
            await self._end_all_of(place)
            server_record(self.layout, place.folder).unlink(missing_ok=True)
            await loop.run_in_executor(None, control_groups.remove, self.layout.root, place.folder)

    def _sized(self, applied: Applied) -> Applied:
        """The hub as the server with the profile that was chosen knows it; kept for the server's record."""
        choice = profile_form.choice_for(applied.settings, self.user_options)
        self.profile = choice.name
        sized = replace(applied, settings=profiles.under(applied.settings, choice))
        return sized.running_in(choice.environment)

    def _applied(self) -> Applied:
        applied = read_applied(self.layout)
        if applied is None:
            raise web.HTTPError(500, "The hub was deleted.")
        return applied

    async def _spawn(self, applied: Applied, document: SandboxDocument, listener: int) -> ProcessIdentity:
        if not fork_servers.used(applied.settings, applied.chosen):
            return await plain_start(applied.environment, document, listener)
        try:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(
                None, fork_server.spawn, self.layout.fork_server_socket(applied.chosen), document, listener
            )
        except fork_server.ForkServerUnavailable as error:
            self.log.info("%s: plain start, because the fork server is not there: %s", self.user.name, error)
        return await plain_start(applied.environment, document, listener)

    async def _connect(self, applied: Applied) -> None:
        """Lead the sandbox to the internet. Where that fails it stays without: the log says so, and work goes on."""
        assert self.identity is not None
        chosen = internet.way(applied.settings, root=applied.root, kind=applied.sandbox)
        try:
            if chosen is internet.Way.VETH:
                connect = internet.connect_pair
                await asyncio.get_running_loop().run_in_executor(None, connect, self.layout, self.identity.pid)
            elif chosen is internet.Way.PASTA:
                self.companion = await internet.connect_pasta(self.identity.pid)
        except (SkrtHubError, OSError, IndexError) as error:
            self.log.error("%s: the server has no way to the internet: %s", self.user.name, error)

    async def _end_all_of(self, place: Place) -> None:
        """Where no namespace ends them with its first process: everything that the participant still has running."""
        applied = read_applied(self.layout)
        if applied is not None and applied.sandbox == LANDLOCK:
            await end_user(applied.environment, place.uid)

    def _end_companion(self) -> None:
        if self.companion is not None:
            send_signal(self.companion, signal.SIGTERM)
            self.companion = None

    def _watch(self) -> None:
        """Notice the server's end at once, instead of at JupyterHub's next question."""
        if self.identity is not None:
            task = asyncio.ensure_future(self._tell_end(self.identity))
            WATCHES.add(task)
            task.add_done_callback(WATCHES.discard)

    async def _tell_end(self, identity: ProcessIdentity) -> None:
        await until_ended(identity)
        self._end_companion()
        if self.identity != identity:
            return
        loop = asyncio.get_running_loop()
        place = Places(self.layout.folders).find(self.user.name)
        if place is not None:
            await self._end_all_of(place)
            await loop.run_in_executor(None, server_socket.ended, self.layout, place.folder)
            if self._ended_by_itself(identity):
                await loop.run_in_executor(None, control_groups.remove, self.layout.root, place.folder)
        if self._ended_by_itself(identity):  # asked again: JupyterHub would take the server of the next start for this
            await self.poll_and_notify()

    def _ended_by_itself(self, identity: ProcessIdentity) -> bool:
        """Whether it is still the server of the hub's record, neither being stopped nor being started."""
        return self.identity == identity and self.pending is None
