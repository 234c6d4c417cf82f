"""Ports for participants' servers, from below the range that the system gives to outgoing connections.

A class that arrives together makes thousands of those; a port from their range may be gone before its server has it.
"""

from __future__ import annotations

import random
import socket
from collections.abc import Collection
from pathlib import Path

from skrt_hub.errors import StartError

_RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")
_FIRST = 10_000
_TRIES = 200


def server_port(taken: Collection[int]) -> int:
    """A port of 127.0.0.1 that nothing listens on and that is not in `taken`. Raises StartError."""
    first, last = server_range()
    for _ in range(_TRIES):
        port = random.randint(first, last)  # noqa: S311 - no secret: the port is found by anyone who looks
        if port not in taken and is_free(port):
            return port
    raise StartError("No free port was found for a server.", remedy="See which programs listen: ss -tln")


def server_range(source: Path = _RANGE) -> tuple[int, int]:
    """The first and the last port for servers (ip(7), ip_local_port_range)."""
    try:
        outgoing = int(source.read_text(encoding="ascii").split()[0])
    except (OSError, ValueError, IndexError):
        outgoing = 32_768
    # Where the system gives away nearly all ports, there is no better range than the usual one.
    return (_FIRST, outgoing - 1) if outgoing >= _FIRST + 2_000 else (_FIRST, 32_767)


def is_free(port: int) -> bool:
    """Whether a server could listen on this port of 127.0.0.1 now."""
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
