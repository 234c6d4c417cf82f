"""By which names and addresses others reach this machine's hub."""

from __future__ import annotations

import ipaddress
import os
import socket
from dataclasses import dataclass
from urllib.parse import urlsplit

import psutil

from skrt_hub.policy import announced
from skrt_hub.settings import container
from skrt_hub.settings.model import Settings
from skrt_workspace.sandbox.network import OUTSIDE_ADDRESSES

_INSIDE = ("docker", "br-", "veth", "virbr", "cni", "flannel", "cali", "podman", "lxc", "lxd")
"""Networks of containers and virtual machines inside this machine: nobody in the room reaches them."""
_SANDBOXES = ipaddress.ip_network(OUTSIDE_ADDRESSES)
_ELSEWHERE = ("192.0.2.1", 9)  # for documentation (RFC 5737): the system only says which way it would go


@dataclass(frozen=True)
class Names:
    """What the hub is reached by: host names and IP addresses."""

    hosts: tuple[str, ...]
    addresses: tuple[str, ...]


def names_of(settings: Settings) -> Names:
    """Every name and address under which a browser may ask for this hub, the best first."""
    written = urlsplit(settings.public_url).hostname or ""
    hosts = [name for name in (written, settings.address if settings.host_name else "") if name]
    numbers = [name for name in hosts if _is_number(name)]
    named = [name for name in hosts if name not in numbers]
    return Names(
        tuple(dict.fromkeys((*named, *announced.names(settings), "localhost"))),
        tuple(dict.fromkeys((*numbers, *numbers_outside(settings), "127.0.0.1", "::1"))),
    )


def in_container() -> bool:
    """Whether this hub runs in a container of its own, whose addresses nobody outside can use."""
    return bool(os.environ.get(container.VARIABLE))


def published_here_alone() -> bool:
    """Whether whoever started that container says that it publishes its port to its own machine alone."""
    return os.environ.get(container.VARIABLE) == container.PLAIN


def _is_number(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def addresses_of(settings: Settings) -> tuple[str, ...]:
    """The addresses to type in a browser, a name before a number; this machine's own only where no other is."""
    written = [f"{settings.public_url}/"] if settings.public_url else []
    hosts = [settings.address] if settings.host_name else []
    # What is announced comes last: many networks let no multicast through.
    found = [settings.address_for(host) for host in (*hosts, *numbers_outside(settings), *announced.names(settings))]
    return tuple(dict.fromkeys((*written, *found))) or (settings.url,)


def numbers_outside(settings: Settings) -> list[str]:
    """The IP addresses at which other machines reach the hub, the one on the way out first."""
    if settings.on_loopback or in_container():
        return []
    if not ipaddress.ip_address(settings.listen).is_unspecified:
        return [settings.listen]
    found = [
        entry.address.partition("%")[0]
        for interface, entries in psutil.net_if_addrs().items()
        for entry in entries
        if not interface.startswith(_INSIDE) and entry.family in (socket.AF_INET, socket.AF_INET6)
    ]
    usable = [item for item in found if _usable(ipaddress.ip_address(item))]
    first = _way_out()
    return sorted(dict.fromkeys(usable), key=lambda item: (item != first, ":" in item, item))


def _usable(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    if address in _SANDBOXES:
        return False
    return not (address.is_loopback or address.is_link_local or address.is_unspecified)


def _way_out() -> str:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(_ELSEWHERE)
        except OSError:
            return ""
        return str(probe.getsockname()[0])
