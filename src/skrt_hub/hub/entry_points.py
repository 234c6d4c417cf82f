"""Where browsers reach the hub: the address of hub.yaml in all its spellings.

`localhost` means ::1 first in many browsers. A spelling that the hub does not hold is one that anybody on the machine
may hold, and be taken for the hub.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

from skrt_hub.settings.model import Settings

HTTP, HTTPS = 80, 443
_LEADS_ON = "http-plain"


@dataclass(frozen=True)
class EntryPoint:
    """One listener of the proxy. One that is not `needed` is left out where the machine has no such address."""

    name: str
    host: str
    port: int
    needed: bool = True

    @property
    def leads_on(self) -> bool:
        """Whether it only sends browsers to the encrypted pages. Such a one is left out where it cannot be had."""
        return self.name.startswith(_LEADS_ON)

    @property
    def address(self) -> str:
        """Host and port as they stand in an address."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def entry_points(settings: Settings) -> tuple[EntryPoint, ...]:
    """Every listener for browsers: the address itself first, then its other spellings on this machine.

    Where the hub is at HTTPS's own port, HTTP's port leads there: a name alone, as people type it, means that one.
    """
    address = ipaddress.ip_address(settings.listen)
    if address.is_unspecified:
        others = ["0.0.0.0" if address.version == 6 else "::"]  # noqa: S104 - the organiser wrote so
    else:
        others = [host for host in ("127.0.0.1", "::1") if host != settings.listen]
    spellings = [EntryPoint("http", settings.listen, settings.port)]
    spellings += [
        EntryPoint(f"http{number}", host, settings.port, needed=False) for number, host in enumerate(others, start=2)
    ]
    if settings.tls.at_the_proxy and settings.port == HTTPS:
        hosts = [entry.host for entry in spellings]
        spellings += [EntryPoint(f"{_LEADS_ON}{number}", host, HTTP, needed=False) for number, host in enumerate(hosts)]
    return tuple(spellings)
