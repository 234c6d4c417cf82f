"""Where browsers reach the hub: the address of hub.yaml in all its spellings.

`localhost` means ::1 first in many browsers. A spelling that the hub does not hold is one that anybody on the machine
may hold, and be taken for the hub.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

from skrt_hub.settings.model import Settings


@dataclass(frozen=True)
class EntryPoint:
    """One listener of the proxy. One that is not `needed` is left out where the machine has no such address."""

    name: str
    host: str
    port: int
    needed: bool = True

    @property
    def address(self) -> str:
        """Host and port as they stand in an address."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def entry_points(settings: Settings) -> tuple[EntryPoint, ...]:
    """Every listener for browsers: the address itself first, then its other spellings on this machine."""
    address = ipaddress.ip_address(settings.listen)
    if address.is_unspecified:
        others = ["0.0.0.0" if address.version == 6 else "::"]  # noqa: S104 - the organiser wrote so
    else:
        others = [host for host in ("127.0.0.1", "::1") if host != settings.listen]
    spellings = [EntryPoint("http", settings.listen, settings.port)]
    spellings += [
        EntryPoint(f"http{number}", host, settings.port, needed=False) for number, host in enumerate(others, start=2)
    ]
    return tuple(spellings)
