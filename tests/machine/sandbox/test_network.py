"""What a sandbox can do on the network: with one of its own, and with the machine's."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator

import pytest

from skrt_workspace.sandbox.privileges import has_ports

from .conftest import Hub

OWN = {"own": True, "unreachable": ["192.0.2.77"]}
_TRY = """
import errno, json, socket
def tried(action):
    try:
        action()
    except OSError as error:
        return errno.errorcode.get(error.errno, str(error))
    return "done"
def bind(host, port, protocol=0):
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM, protocol) as own:
        own.bind((host, port)); own.listen()
def connect(host, port):
    with socket.socket() as own:
        own.settimeout(5); own.connect((host, port))
def kind(family, protocol=0):
    socket.socket(family, socket.SOCK_RAW if family != 40 else socket.SOCK_STREAM, protocol).close()
"""


def tried(hub: Hub, expressions: dict[str, str], **changes: object) -> dict[str, str]:
    pairs = ", ".join(f"{name!r}: tried(lambda: {expression})" for name, expression in expressions.items())
    found: dict[str, str] = json.loads(hub.code(f"{_TRY}\nprint(json.dumps({{{pairs}}}))", **changes))
    return found


@pytest.fixture
def service() -> Iterator[int]:
    """A program of the organiser's that listens on loopback."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def test_with_a_network_of_its_own_nothing_of_the_machines_is_reached_or_taken(hub: Hub, service: int) -> None:
    found = tried(
        hub,
        {
            "the organiser's service": f"connect('127.0.0.1', {service})",
            "its port": f"bind('127.0.0.1', {service})",
            "metadata": "connect('169.254.169.254', 80)",
            "private": "connect('10.0.0.1', 80)",
            "the machine's own address": "connect('192.0.2.77', 80)",
            "elsewhere": "connect('198.51.100.1', 80)",
            "itself": "bind('::1', 8000)",
        },
        network=OWN,
    )
    assert found == {
        "the organiser's service": "ECONNREFUSED",
        "its port": "done",  # in the own network, where it is another one
        "metadata": "EHOSTUNREACH",
        "private": "EHOSTUNREACH",
        "the machine's own address": "EHOSTUNREACH",
        "elsewhere": "ENETUNREACH",
        "itself": "done",
    }
    assert hub.shell("cat /proc/net/tcp | wc -l; cat /proc/net/unix | wc -l", network=OWN).split()[0] == "1"


@pytest.mark.skipif(not has_ports(), reason="this kernel cannot hold ports back (Linux 6.7)")
def test_on_the_machines_network_only_the_ports_that_the_kernel_chooses_are_bound(hub: Hub) -> None:
    found = tried(
        hub,
        {
            "any": "bind('127.0.0.1', 0)",
            "the hub's": "bind('127.0.0.1', 18000)",
            "its other spelling": "bind('::1', 18000)",
            "all addresses": "bind('0.0.0.0', 18000)",
            "several ways at once": "bind('127.0.0.1', 18000, socket.IPPROTO_MPTCP)",
        },
    )
    refused = dict.fromkeys(("the hub's", "its other spelling", "all addresses"), "EACCES")
    assert found == {"any": "done", **refused, "several ways at once": "EPROTONOSUPPORT"}


def test_only_sockets_of_files_and_of_the_internet_can_be_made(hub: Hub) -> None:
    found = tried(
        hub,
        {
            "vsock": "kind(40)",
            "crypto": "kind(38)",
            "packet": "kind(17)",
            "netlink audit": "kind(16, 9)",
            "netlink routes": "kind(16, 0)",
            "pair": "[one.close() for one in socket.socketpair()]",
            "udp": "socket.socket(socket.AF_INET6, socket.SOCK_DGRAM, socket.IPPROTO_UDP).close()",
            "tcp by its number": "bind('127.0.0.1', 0, socket.IPPROTO_TCP)",
            "sctp": "bind('127.0.0.1', 0, socket.IPPROTO_SCTP)",
            "udplite": "socket.socket(socket.AF_INET, socket.SOCK_DGRAM, socket.IPPROTO_UDPLITE).close()",
        },
    )
    refused = dict.fromkeys(("vsock", "crypto", "packet", "netlink audit"), "EAFNOSUPPORT")
    other = dict.fromkeys(("sctp", "udplite"), "EPROTONOSUPPORT")
    assert found == {
        **refused,
        **other,
        **dict.fromkeys(("netlink routes", "pair", "udp", "tcp by its number"), "done"),
    }


def test_names_are_asked_of_the_hubs_address_where_the_sandbox_is_told_so(hub: Hub) -> None:
    assert hub.shell("cat /etc/resolv.conf", network={**OWN, "names": True}) == "nameserver 198.19.255.253\n"
