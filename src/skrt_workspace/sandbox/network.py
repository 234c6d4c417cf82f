"""The network namespace of one sandbox: loopback comes up, and some addresses are out of reach for good.

Routes of the sandbox's own namespace say so: who is inside has no right to change them, and no program or firewall of
the machine is needed. How the namespace gets to the internet, where it may, is the hub's work (skrt_hub.hub.internet).
"""

from __future__ import annotations

import ipaddress
import socket
import struct
from collections.abc import Iterable

NAMESERVER = "198.19.255.253"
"""Where an own namespace asks for names; the hub leads it to the machine's name server. Of the range of RFC 2544."""
GATEWAY = "198.19.255.254"
"""The way out of an own namespace of a root hub; no interface has this address."""
OUTSIDE_ADDRESSES = "198.18.0.0/15"
"""The range of RFC 2544, which nobody routes: the sandboxes' own addresses come from it."""
PRIVATE = (
    "10.0.0.0/8",
    "100.64.0.0/10",
    "169.254.0.0/16",  # clouds' metadata services are among them
    "172.16.0.0/12",
    "192.168.0.0/16",
)

_LOOPBACK_INDEX = 1
_IFF_UP = 1
_RTM_NEWLINK, _RTM_NEWROUTE = 16, 24
_REQUEST, _ACK, _CREATE = 1, 4, 0x400
_MAIN_TABLE, _STATIC, _UNREACHABLE = 254, 4, 7
_DESTINATION = 1
_ERROR = 2


def bring_up(unreachable: Iterable[str]) -> None:
    """Start loopback in this namespace, and refuse these networks and PRIVATE ones. Raises OSError."""
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0) as kernel:
        _ask(kernel, _RTM_NEWLINK, struct.pack("=BxHiII", 0, 0, _LOOPBACK_INDEX, _IFF_UP, _IFF_UP), 0)
        for text in dict.fromkeys((*PRIVATE, *unreachable)):
            _ask(kernel, _RTM_NEWROUTE, _refusal(ipaddress.IPv4Network(text)), _CREATE)


def _refusal(network: ipaddress.IPv4Network) -> bytes:
    message = struct.pack(
        "=BBBBBBBBI", socket.AF_INET, network.prefixlen, 0, 0, _MAIN_TABLE, _STATIC, 0, _UNREACHABLE, 0
    )
    return message + struct.pack("=HH4s", 8, _DESTINATION, network.network_address.packed)


def _ask(kernel: socket.socket, kind: int, body: bytes, flags: int) -> None:
    """One request of rtnetlink(7), and its acknowledgement."""
    kernel.send(struct.pack("=IHHII", 16 + len(body), kind, _REQUEST | _ACK | flags, 1, 0) + body)
    answer = kernel.recv(4096)
    if struct.unpack_from("=H", answer, 4)[0] == _ERROR:
        code = -struct.unpack_from("=i", answer, 16)[0]
        if code:
            raise OSError(code, f"rtnetlink request {kind}")
