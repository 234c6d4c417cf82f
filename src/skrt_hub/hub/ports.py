"""Ports for the hub's own parts and for servers: below the range that the system gives to outgoing connections.

A class that arrives together makes thousands of those; and what a sandbox may bind can be held to that range.
"""

from __future__ import annotations

from pathlib import Path

_RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")
_FIRST = 10_000


def server_range(source: Path = _RANGE) -> tuple[int, int]:
    """The first and the last port for servers (ip(7), ip_local_port_range)."""
    try:
        outgoing = int(source.read_text(encoding="ascii").split()[0])
    except (OSError, ValueError, IndexError):
        outgoing = 32_768
    # Where the system gives away nearly all ports, there is no better range than the usual one.
    return (_FIRST, outgoing - 1) if outgoing >= _FIRST + 2_000 else (_FIRST, 32_767)
