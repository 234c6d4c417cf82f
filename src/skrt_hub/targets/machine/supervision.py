"""The one process of a running hub that starts the others and answers the commands.

1. take the lock (a second supervisor ends at once), 2. listen on the control socket, 3. keep hub, proxy, fork server
and culler running, 4. watch the participants' memory, 5. on `stop` or SIGTERM end everything in the reverse order.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import socket
import sqlite3
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import asdict, replace
from functools import partial
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any

from skrt_hub.errors import SkrtHubError, StateError
from skrt_hub.files import ensure_folder, exclusive, write_atomically, write_if_changed, write_json
from skrt_hub.hub import closing, door, identities, internet
from skrt_hub.hub.ahead import Ahead
from skrt_hub.hub.applied import Applied, ensure_run_folder, read_applied, write_applied
from skrt_hub.hub.certificate import ensure_certificate
from skrt_hub.hub.entry_points import EntryPoint, entry_points
from skrt_hub.hub.proxy import closing_file, dynamic_file, render_static, static_file
from skrt_hub.hub.secrets import read_secrets
from skrt_hub.layout import Layout
from skrt_hub.login.accounts import Accounts
from skrt_hub.policy import announced, class_page
from skrt_hub.targets.duties import Duties
from skrt_hub.targets.machine import control, leftovers, parts
from skrt_hub.targets.machine.culling import Culling
from skrt_hub.targets.machine.fork_servers import FIRST as FORK_SERVER
from skrt_hub.targets.machine.fork_servers import ForkServers
from skrt_hub.targets.machine.keeper import Keeper
from skrt_hub.targets.machine.listeners import (
    API,
    ASSETS,
    DOOR,
    HUB,
    PAGE,
    Listeners,
    bind_door,
    bind_page,
    bind_private,
    bind_public,
)
from skrt_hub.targets.machine.records import running_servers
from skrt_hub.targets.machine.upkeep import Upkeep
from skrt_hub.targets.machine.waiting_room import WaitingRoom
from skrt_hub.targets.machine.watched import Watched
from skrt_workspace.sandbox.identity import boot_id, identify

_HUB_FIRST = 20.0
_VETH = internet.Way.VETH


class Supervisor:
    """One running hub."""

    def __init__(self, layout: Layout, log: logging.Logger, watched: Watched, begun: Ahead | None = None) -> None:
        self._layout = layout
        self._log = log
        self._accounts = Accounts(layout.accounts)
        self._open = not self._accounts.closed  # one that was ended from outside is closed again
        self._stopping = asyncio.Event()
        self._servers_too = True
        self._code = parts.code_stamp()
        self._last_applied: Applied | None = None
        self._next_python = sys.executable
        self._duties = Duties(log)
        self._watched = watched
        kept, self._before = watched.take_over()
        self.listeners = Listeners(kept, watched.keep, watched.drop)
        self._hold_what_is_missing()
        secrets = read_secrets(layout.secrets)
        self._waiting = WaitingRoom(self.listeners.for_browsers, lambda: self._applied().ports.proxy)
        self.keepers = {
            "proxy": Keeper(self._describe_proxy, log, self._note_parts, self._waiting.close),
            "hub": Keeper(self._describe_hub, log, self._note_parts, ahead=begun),
            "assets": Keeper(self._describe_assets, log, self._note_parts),
            "page": Keeper(self._describe_page, log, self._note_parts),
            "announcer": Keeper(lambda: parts.announcer(self._layout), log, self._note_parts),
            "culler": Keeper(lambda: parts.culler(self._applied(), layout, secrets), log, self._note_parts),
        }
        new = partial(Keeper, log=log, started=self._note_parts)
        self._fork_servers = ForkServers(self.keepers, layout, self._applied, new)
        self._culling = Culling(
            self.keepers["culler"],
            log,
            is_open=lambda: self._open,
            idle=lambda: self._applied().settings.limits.idle,
        )

    async def run(self) -> None:
        """Keep the hub running until it is asked to stop."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stopping.set)
        answering = Duties(self._log)
        answering.begin("answering commands", partial(control.serve, self._layout.control_socket, self._answer))
        write_json(self._layout.expected, {"boot": boot_id(), "pid": os.getpid()}, mode=0o600)
        for name in ("proxy", "hub", "assets"):
            self.keepers[name].want()
        self._culling.put_off()
        for name, duty in {
            "the fork server's start": self._warm_up,
            "ending unused servers": self._culling.go_on,
            "the watch of the watchdog": self._guard,
            **Upkeep(self._layout, self._log, self._applied).rounds(),
        }.items():
            self._duties.begin(name, duty)
        try:
            await self._stopping.wait()
        finally:
            self._duties.end()
            await self._end_everything()
            if self._servers_too and self._way() is _VETH:
                internet.Firewall.of(self._layout).take_down(self._layout)
            answering.end()
            self._layout.control_socket.unlink(missing_ok=True)
            self._tell_watchdog()

    def _applied(self) -> Applied:
        try:
            applied = read_applied(self._layout)
        except StateError:
            # A newer skrt-hub may have written settings that this one does not know; it takes over in a moment.
            if self._last_applied is None:
                raise
            return self._last_applied
        if applied is None:
            raise FileNotFoundError(self._layout.applied)
        self._last_applied = applied
        return applied

    def _hold_what_is_missing(self) -> None:
        """What `up` gave is there already; the rest is for a supervisor that lost everything with its watchdog."""
        applied = self._applied()
        if not self.listeners.public():
            self.listeners.add(bind_public(entry_points(applied.settings)))
        if HUB not in self.listeners:
            made, ports = bind_private(applied.ports)
            self.listeners.add(made)
            if ports != applied.ports:
                write_applied(self._layout, replace(applied, ports=ports))
        if PAGE not in self.listeners:  # an older hub has bound the others
            applied = self._applied()
            self.listeners.add(bind_page(applied.ports))
            port = int(self.listeners[PAGE].getsockname()[1])
            write_applied(self._layout, replace(applied, ports=replace(applied.ports, page=port)))
        if DOOR not in self.listeners:
            self.listeners.add(bind_door(self._layout))
        self.listeners.regain(running_servers(self._layout))

    def _note_parts(self) -> None:
        running = {name: keeper.pid for name, keeper in self.keepers.items() if keeper.pid is not None}
        with contextlib.suppress(ProcessLookupError):  # one that ended in this moment is noted at its next start
            leftovers.note(self._layout, {name: identify(pid) for name, pid in running.items()})

    def _way(self) -> internet.Way:
        applied = self._applied()
        return internet.way(applied.settings, root=applied.root, kind=applied.sandbox)

    def _put_up_firewall(self) -> None:
        if self._way() is not _VETH:
            return
        try:
            internet.Firewall.of(self._layout).put_up(self._layout)
        except (SkrtHubError, OSError) as error:
            self._log.error("participants have no way to the internet: %s", error)

    def _describe_hub(self) -> parts.Part:
        try:
            identities.keep_copies(self._layout)
        except (OSError, SkrtHubError, sqlite3.Error) as error:  # a full disk must not keep the hub from starting
            self._log.error("no copies of accounts and database were made: %s", error)
        self._put_up_firewall()
        given = {name: self.listeners[name] for name in (HUB, DOOR)}
        return parts.hub(self._layout, given, self.listeners.for_pages())

    def _describe_assets(self) -> parts.Part:
        return parts.assets(self._applied(), self._layout, self.listeners[ASSETS])

    def _describe_page(self) -> parts.Part:
        return parts.class_page(self._applied(), self._layout, read_secrets(self._layout.secrets), self.listeners[PAGE])

    def _describe_proxy(self) -> parts.Part:
        public = self.listeners.public()
        # Both, and only where they changed: `open` must need no room on a disk that became full meanwhile.
        for is_open in (True, False):
            text = render_static(public, self._applied(), self._layout, open_to_people=is_open)
            write_if_changed(static_file(self._layout, open_to_people=is_open), text, mode=0o600)
        ensure_folder(dynamic_file(self._layout).parent, mode=0o700)
        organisers = closing.let_through(self._applied().settings, self._accounts)
        closed = closing.render(organisers, self.listeners.for_pages())
        write_if_changed(closing_file(self._layout), closed, mode=0o600)
        ensure_folder(self._layout.certificates, mode=0o700)
        ensure_certificate(self._layout, self._applied().settings)
        routes = dynamic_file(self._layout)
        if not routes.exists():  # traefik watches only a file that is there
            write_atomically(routes, "# JupyterHub writes the routes here.\n", mode=0o600)
        given = {name: self.listeners[name] for name in (*(entry.name for entry in public), API)}
        self._waiting.close_until_ready()
        return parts.proxy(self._layout, given, open_to_people=self._open)

    async def _answer(self, request: dict[str, Any]) -> control.Answer:
        answers: dict[str, Callable[[dict[str, Any]], Awaitable[control.Answer]]] = {
            "status": self._status,
            "open": partial(self._set_open, True),
            "close": partial(self._set_open, False),
            "rebind": self._rebind,
            "reload": self._reload,
            "retire": self._retire,
            "stop": self._stop,
            "server": self._server,
            "server-ended": self._server_ended,
        }
        return await answers[request["do"]](request)

    async def _server(self, request: dict[str, Any]) -> control.Answer:
        """The socket on which one participant's server is to listen."""
        listener = self.listeners.server(str(request["folder"]))
        self.listeners.fill_spares()
        return {"port": listener.getsockname()[1], "descriptors": [listener.fileno()]}

    async def _server_ended(self, request: dict[str, Any]) -> control.Answer:
        self.listeners.server_ended(str(request["folder"]))
        return {}

    async def _rebind(self, request: dict[str, Any]) -> control.Answer:
        """Listen for browsers at other addresses; in words, and with everything as before, where that cannot be."""
        wanted = tuple(EntryPoint(**entry) for entry in request["entry_points"])
        await self.keepers["proxy"].end()  # its copies of the old sockets would keep the addresses taken
        try:
            self.listeners.rebind(wanted)
        finally:
            self.keepers["proxy"].want()
        await self.keepers["hub"].again()  # it knows by which entry points its routes are reached
        return {}

    async def _status(self, request: dict[str, Any]) -> control.Answer:
        components = {
            name: f"running, pid {keeper.pid}" if keeper.running else "not running"
            for name, keeper in self.keepers.items()
            if self._is_used(name)
        }
        if self._culling.waits:
            components["culler"] = "waits until a server can have been idle long enough"
        failures = {name: keeper.failures for name, keeper in self.keepers.items()}
        state = "running" if self._open else "closed"
        return {
            "state": state,
            "components": components,
            "failures": failures,
            "code": self._code,
            "entry_points": [asdict(entry) for entry in self.listeners.public()],
            "ended_before": self._before,
            "troubles": [
                *self._duties.troubles(),
                *(f"{name}: {keeper.problem}" for name, keeper in self.keepers.items() if keeper.problem),
            ],
        }

    async def _set_open(self, wanted: bool, request: dict[str, Any]) -> control.Answer:
        if wanted != self._open:
            self._open = wanted
            self._note_closed(not wanted)
            # While nobody can connect nobody can be active: ending servers as idle would take them for abandoned.
            await self._culling.begin_again()
            await self.keepers["proxy"].again()
            self._log.info("connections are %s", "enabled" if wanted else "disabled")
        return {"state": "running" if self._open else "closed"}

    def _note_closed(self, closed: bool) -> None:
        try:
            self._accounts.set_closed(closed)
        except OSError as error:  # the proxy closes servers all the same
            self._log.error("the log-in does not know whether the hub is closed: %s", error)

    async def _reload(self, request: dict[str, Any]) -> control.Answer:
        for name in request.get("parts", ("hub", "proxy", "assets", "page", "announcer", FORK_SERVER, "culler")):
            if name == FORK_SERVER:
                await self._fork_servers.again()
            elif not self._is_used(name):
                await self.keepers[name].end()
            elif self.keepers[name].running or name != "culler":
                await self.keepers[name].again()
        return {"reloaded": True}

    def _is_used(self, part: str) -> bool:
        """Whether the settings ask for this part."""
        settings = self._applied().settings
        used = {"page": class_page.used(settings), "announcer": bool(announced.name(settings))}
        return used.get(part, True)

    async def _retire(self, request: dict[str, Any]) -> control.Answer:
        self._servers_too = False
        self._next_python = str(request.get("python", sys.executable))
        return await self._stop(request)

    async def _stop(self, request: dict[str, Any]) -> control.Answer:
        count = len(running_servers(self._layout))
        if self._servers_too and not request.get("as_before"):
            self._note_closed(False)
        asyncio.get_running_loop().call_later(0.05, self._stopping.set)
        return {"servers": count}

    def _tell_watchdog(self) -> None:
        if self._servers_too:
            self._watched.ending("stop")
        else:
            self._watched.ending("again", self._next_python)

    async def _guard(self) -> None:
        await self._watched.guard(self.listeners.all)

    async def _end_everything(self) -> None:
        # The proxy first: nobody asks for anything new, and who waits for a server gets none.
        # Then the servers, which save their state; the hub last; then the servers that it was starting all the same.
        if self._servers_too:
            self._layout.expected.unlink(missing_ok=True)
        await self.keepers["proxy"].give_up()
        await self.keepers["culler"].give_up()
        await self._end_servers()
        last = ("page", "announcer", *self._fork_servers.names(), "assets", "hub")
        await asyncio.gather(*(self.keepers[name].give_up() for name in last))
        await self._end_servers()

    async def _end_servers(self) -> None:
        if self._servers_too:
            await asyncio.get_running_loop().run_in_executor(None, leftovers.end_servers, self._layout)

    async def _warm_up(self) -> None:
        """Start the fork server once the hub answers: before, it would only take the processors from the hub."""
        loop = asyncio.get_running_loop()
        give_up = time.monotonic() + _HUB_FIRST
        while time.monotonic() < give_up and not await loop.run_in_executor(None, door.answers, self._layout):
            await asyncio.sleep(0.05)
        self._fork_servers.want()
        self.listeners.fill_spares()
        for name in ("page", "announcer"):
            if self._is_used(name):
                self.keepers[name].want()


def run(root: Path, channel: socket.socket | None, begun: Ahead | None, *, foreground: bool) -> int:
    """Be the supervisor of the hub in `root` until it is stopped: the exit code.

    `channel` leads to the watchdog (skrt_hub.watchdog), `begun` is JupyterHub begun ahead.
    """
    try:
        supervise(Layout(root), channel, begun, foreground=foreground)
    except SkrtHubError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    return 0


def supervise(layout: Layout, channel: socket.socket | None, begun: Ahead | None, *, foreground: bool) -> None:
    """The same. Raises BusyError when there is one already."""
    ensure_run_folder(layout)
    ensure_folder(layout.log, mode=0o700)
    log = _logger(layout, foreground=foreground)
    with exclusive(layout.supervisor_lock, what="The hub runs already.", remedy="See: skrt-hub status"):
        log.info("supervisor started")
        leftovers.end(layout, log)
        asyncio.run(_run(layout, log, Watched(layout, channel, log), begun))
        log.info("supervisor ended")


async def _run(layout: Layout, log: logging.Logger, watched: Watched, begun: Ahead | None) -> None:
    await Supervisor(layout, log, watched, begun).run()


def _logger(layout: Layout, *, foreground: bool) -> logging.Logger:
    log = logging.getLogger("skrt-hub")
    log.setLevel(logging.INFO)
    handlers: list[logging.Handler] = [
        RotatingFileHandler(layout.log / "supervisor.log", maxBytes=5 * 10**6, backupCount=1)
    ]
    if foreground:
        handlers.append(logging.StreamHandler(sys.stderr))
    for handler in handlers:
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
        log.addHandler(handler)
    return log
