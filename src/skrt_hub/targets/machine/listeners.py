"""The sockets of a running hub by name: what is bound at its start, and what each part of it is given.

`http...` are for browsers, `auth_api` is the proxy's own interface, `hub` JupyterHub, `assets` the pages' files,
`page` the organiser's page.
`door` is the Unix socket by which participants' servers and the commands ask JupyterHub. `server:FOLDER` is one
participant's server, `spare:N` is kept for one who comes later.
"""

from __future__ import annotations

import contextlib
import errno
import os
import random
import socket
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from skrt_hub import sockets
from skrt_hub.errors import PortTakenError, StartError
from skrt_hub.files import ensure_folder
from skrt_hub.hub.applied import Ports
from skrt_hub.hub.entry_points import EntryPoint
from skrt_hub.hub.ports import server_range
from skrt_hub.layout import Layout
from skrt_hub.targets.machine.records import RunningServer
from skrt_hub.targets.port import port_error
from skrt_workspace.sandbox import kernel
from skrt_workspace.sandbox.enter import LISTENER
from skrt_workspace.sandbox.identity import identify, open_pidfd

API, HUB, ASSETS, PAGE, DOOR = "auth_api", "hub", "assets", "page", "door"
_SERVER, _SPARE = "server:", "spare:"
_SPARES = 32
_TRIES = 400
_OWN_COPIES = 2.0  # seconds
_LOOPBACK = "127.0.0.1"
_PIDFD_GETFD = 438  # pidfd_getfd(2); the same number on every processor

Kept = dict[str, socket.socket]


def bind_public(entries: Iterable[EntryPoint]) -> Kept:
    """A listener for each entry point that can be had.

    Raises PortTakenError or PermissionsError for one that must be; then none of them stays bound.
    """
    with contextlib.ExitStack() as undo:
        made: Kept = {}
        for entry in entries:
            try:
                made[entry.name] = undo.enter_context(sockets.listen(entry.host, entry.port))
            except OSError as error:
                if entry.leads_on or (not entry.needed and sockets.has_no_such_address(error)):
                    continue
                raise port_error(entry.host, entry.port, error) from None
        undo.pop_all()
        return made


def in_the_way(entry: EntryPoint) -> OSError | None:
    """What keeps this address from being listened on now, if anything does."""
    try:
        sockets.listen(entry.host, entry.port).close()
    except OSError as error:
        return error
    return None


def _bind_when_free(entries: Sequence[EntryPoint]) -> Kept:
    """As bind_public, for addresses that were ours a moment ago.

    A program that is being started has copies of all our sockets until it begins (fork(2)), for some milliseconds.
    """
    give_up = time.monotonic() + _OWN_COPIES
    while True:
        try:
            return bind_public(entries)
        except PortTakenError:
            if time.monotonic() > give_up:
                raise
            time.sleep(0.02)


def bind_private(ports: Ports | None, *, as_they_are: bool = False) -> tuple[Kept, Ports]:
    """The listeners of the hub's own parts: at the ports of last time, or others where somebody has taken one.

    `as_they_are`: also at ports that a new hub would not choose.
    """
    made: Kept = {}
    for name in (HUB, API, ASSETS):
        wanted = {HUB: ports.hub, API: ports.proxy, ASSETS: ports.assets}[name] if ports else 0
        made[name] = _listen_somewhere(wanted, as_they_are=as_they_are)
    made |= bind_page(ports)
    numbers = {name: int(listener.getsockname()[1]) for name, listener in made.items()}
    return made, Ports(hub=numbers[HUB], proxy=numbers[API], assets=numbers[ASSETS], page=numbers[PAGE])


def bind_page(ports: Ports | None) -> Kept:
    """The listener of the organiser's page alone, for a hub that had none when its others were bound."""
    return {PAGE: _listen_somewhere(ports.page if ports else 0)}


def bind_door(layout: Layout) -> Kept:
    """The Unix socket of JupyterHub; who may reach it is decided by the folders it is shown in."""
    ensure_folder(layout.door.parent, mode=0o755)
    return {DOOR: sockets.listen_at_path(layout.door, mode=0o666)}


def _listen_somewhere(wanted: int, *, as_they_are: bool = False) -> socket.socket:
    if wanted and (as_they_are or not _given_to_outgoing(wanted)):
        with contextlib.suppress(OSError):
            return sockets.listen(_LOOPBACK, wanted)
    return _first_free(lambda port: sockets.listen(_LOOPBACK, port))


def _given_to_outgoing(port: int) -> bool:
    # A participant's sandbox may bind ports of that range only, where the kernel can say so (landlock(7)).
    return port > server_range()[1]


def _first_free(bind: Callable[[int], socket.socket]) -> socket.socket:
    first, last = server_range()
    for _ in range(_TRIES):
        with contextlib.suppress(OSError):
            return bind(random.randint(first, last))  # noqa: S311 - no secret: the port is found by anyone who looks
    raise StartError("No free port was found.", remedy="See which programs listen: ss -tln")


def _socket_of(server: RunningServer) -> socket.socket:
    first = server.identity.pid
    children = Path(f"/proc/{first}/task/{first}/children").read_text(encoding="ascii").split()
    descriptor = open_pidfd(identify(int(children[0])))
    if descriptor is None:
        raise ProcessLookupError(children[0])
    try:
        number = kernel.system_call("pidfd_getfd", _PIDFD_GETFD, descriptor, LISTENER, 0)
    finally:
        os.close(descriptor)
    found = socket.socket(fileno=number)
    if found.family != socket.AF_INET or found.getsockname() != (_LOOPBACK, server.port):
        found.close()
        raise OSError(errno.EBADF, "it is another socket")
    return found


class Listeners:
    """What a supervisor holds. `keep` and `drop` tell the watchdog, which holds the same."""

    def __init__(self, kept: Kept, keep: Callable[[str, socket.socket], None], drop: Callable[[str], None]) -> None:
        self._kept = kept
        self._keep = keep
        self._drop = drop

    def __contains__(self, name: str) -> bool:
        return name in self._kept

    def __getitem__(self, name: str) -> socket.socket:
        return self._kept[name]

    def all(self) -> Kept:
        """Every listener by its name."""
        return dict(self._kept)

    def add(self, made: Kept) -> None:
        """Hold these too."""
        for name, listener in made.items():
            self._kept[name] = listener
            self._keep(name, listener)

    def let_go(self, names: Iterable[str]) -> None:
        """Give addresses back to the machine."""
        for name in names:
            listener = self._kept.pop(name)
            self._drop(name)
            listener.close()

    def public(self) -> tuple[EntryPoint, ...]:
        """The entry points as they are held now."""
        found = []
        for name, listener in sorted(self._kept.items()):
            if name.startswith("http"):
                host, port = listener.getsockname()[:2]
                found.append(EntryPoint(name, host, port))
        return tuple(found)

    def for_pages(self) -> list[str]:
        """The names of those entry points at which pages are answered."""
        return [entry.name for entry in self.public() if not entry.leads_on]

    def for_browsers(self) -> list[socket.socket]:
        """The listeners of the entry points."""
        return [self._kept[entry.name] for entry in self.public()]

    def rebind(self, wanted: tuple[EntryPoint, ...]) -> None:
        """Hold other public addresses than before. Raises PortTakenError with those of before still held.

        Addresses overlap (127.0.0.1 and 0.0.0.0), so the old ones go first. What listens on them meanwhile has been
        ended by the caller; a sandbox cannot take such a port (landlock(7)) where the kernel knows how to say so.
        """
        before = self.public()
        self.let_go([entry.name for entry in before])
        try:
            self.add(_bind_when_free(wanted))
        except Exception:
            self.add(_bind_when_free([replace(entry, needed=False) for entry in before]))
            raise

    def server(self, folder: str) -> socket.socket:
        """The socket of one participant's server: always the same one, so that nobody else ever listens there."""
        name = _SERVER + folder
        if name not in self._kept:
            spare = next((known for known in self._kept if known.startswith(_SPARE)), None)
            if spare is None:
                self.add({name: _first_free(lambda port: sockets.listen(_LOOPBACK, port))})
            else:
                self.add({name: self._kept.pop(spare)})
                self._drop(spare)
        sockets.wake(self._kept[name])
        return self._kept[name]

    def server_ended(self, folder: str) -> None:
        """Refuse connections to a server that is not there; its address stays its own."""
        if _SERVER + folder in self._kept:
            sockets.rest(self._kept[_SERVER + folder])

    def regain(self, servers: Iterable[RunningServer]) -> None:
        """Hold the sockets of servers whose supervisor and watchdog were both killed: the servers have them.

        Where the system does not let us get them, such a server has its port until it ends, and then another one.
        """
        for server in servers:
            if _SERVER + server.folder not in self._kept:
                with contextlib.suppress(OSError, IndexError):
                    self.add({_SERVER + server.folder: _socket_of(server)})

    def fill_spares(self) -> None:
        """Have addresses ready for those who come, before somebody takes every port there is."""
        present = {name for name in self._kept if name.startswith(_SPARE)}
        for name in {f"{_SPARE}{number}" for number in range(_SPARES)} - present:
            try:
                self.add({name: _first_free(lambda port: sockets.listen(_LOOPBACK, port))})
            except StartError:
                return
            sockets.rest(self._kept[name])
