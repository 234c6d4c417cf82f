"""Listening sockets that are made once, kept, and handed from program to program as descriptors.

Whoever lets a port go and takes it again gives everybody else on the machine a chance to take it in between. So a port
of the hub is bound once, and what starts anew gets the socket itself (unix(7), SCM_RIGHTS).
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import socket
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

_BACKLOG = 1024
_LONGEST = 1 << 16
_IP_MINTTL, _IPV6_MINHOPCOUNT = 21, 73  # linux/in.h, linux/in6.h
_NO_SUCH_ADDRESS = (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)


def listen(host: str, port: int) -> socket.socket:
    """A listening socket at this address. Raises OSError when somebody else has it."""
    listener = bound(host, port)
    try:
        listener.listen(_BACKLOG)
    except OSError:
        listener.close()
        raise
    return listener


def bound(host: str, port: int) -> socket.socket:
    """A socket that has this address and refuses everybody. Raises OSError when somebody else has it."""
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    try:
        if listener.family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        # Connections of an earlier hub that wait for their end (TIME_WAIT) must not keep it from its own address.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
    except OSError:
        listener.close()
        raise
    return listener


def rest(listener: socket.socket) -> None:
    """Refuse connections from now on and keep the address: the kernel leaves a socket its port (tcp(7), bind(2))."""
    # With SO_REUSEADDR on both sides a socket that does not listen could be joined by somebody else's (socket(7)).
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 0)
    with contextlib.suppress(OSError):  # it rests already
        listener.shutdown(socket.SHUT_RDWR)


def wake(listener: socket.socket) -> None:
    """Take connections again, also while old ones wait for their end (TIME_WAIT)."""
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.listen(_BACKLOG)


def hold_back(listener: socket.socket) -> None:
    """Leave whoever connects waiting: their packets are dropped, and they send them again after a second or two.

    The kernel drops what came over more routers than this number leaves (ip(7), IP_MINTTL), and systems send with 64
    or 128. What has been connected before is not touched.
    """
    _let_in_from(listener, 255)


def let_in(listener: socket.socket) -> None:
    """Take new connections again, those that wait with the others."""
    _let_in_from(listener, 0)


def _let_in_from(listener: socket.socket, least: int) -> None:
    if listener.family == socket.AF_INET6:
        listener.setsockopt(socket.IPPROTO_IPV6, _IPV6_MINHOPCOUNT, least)
    else:
        listener.setsockopt(socket.IPPROTO_IP, _IP_MINTTL, least)


def has_no_such_address(error: OSError) -> bool:
    """Whether this machine does not have the address at all, such as `::1` where IPv6 is switched off."""
    return error.errno in _NO_SUCH_ADDRESS


@contextlib.contextmanager
def short_path(path: Path) -> Iterator[str]:
    """A name for `path` that fits a socket address (108 characters, unix(7)), however deep the state folder lies."""
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)


def listen_at_path(path: Path, *, mode: int = 0o600) -> socket.socket:
    """A listening Unix socket at `path`, in place of one that a program which has ended left there."""
    path.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
    old = os.umask(0o177)
    try:
        with short_path(path) as name:
            listener.bind(name)
        path.chmod(mode)
    finally:
        os.umask(old)
    listener.listen(_BACKLOG)
    return listener


def connect_to_path(path: Path, *, deadline: float) -> socket.socket:
    """A connection to the Unix socket at `path`. Raises OSError."""
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
    connection.settimeout(deadline)
    try:
        with short_path(path) as name:
            connection.connect(name)
    except OSError:
        connection.close()
        raise
    return connection


def send(connection: socket.socket, message: dict[str, Any], descriptors: Sequence[int] = ()) -> None:
    """One message with descriptors, over a socket that keeps messages apart (SOCK_SEQPACKET)."""
    socket.send_fds(connection, [json.dumps(message).encode()], list(descriptors))


def receive(connection: socket.socket) -> tuple[dict[str, Any], list[int]] | None:
    """The next message and its descriptors, or None at the end."""
    data, descriptors, _, _ = socket.recv_fds(connection, _LONGEST, 8)
    for descriptor in descriptors:
        os.set_inheritable(descriptor, False)
    if not data:
        return None
    return json.loads(data), list(descriptors)
