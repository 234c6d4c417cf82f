"""A participant's way to the internet from a network namespace of the sandbox's own, where `limits.internet` is true.

As root: a pair of virtual interfaces, and rules of nftables that let out and never in. As an ordinary user: pasta
(https://passt.top), which needs no rights. Where there is neither, the sandbox shares the machine's network, and
`check` says what can be reached from it.
"""

from __future__ import annotations

import hashlib
import os
import random
import shutil
import socket
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from ipaddress import IPv4Address, IPv4Network, IPv6Address, ip_address
from pathlib import Path
from subprocess import DEVNULL

import psutil

from skrt_hub.errors import SkrtHubError
from skrt_hub.layout import Layout
from skrt_hub.process import run, start_in_loop
from skrt_hub.settings.model import Settings
from skrt_workspace.sandbox.document import LANDLOCK, NAMESPACES, Network
from skrt_workspace.sandbox.identity import ProcessIdentity, identify
from skrt_workspace.sandbox.network import GATEWAY, NAMESERVER, OUTSIDE_ADDRESSES

_PROGRAMS = os.pathsep.join((os.environ.get("PATH", os.defpath), "/usr/local/sbin", "/usr/sbin", "/sbin"))
_FORWARDING = Path("/proc/sys/net/ipv4/ip_forward")
_INTERFACES = Path("/sys/class/net")
_RESOLVERS = (Path("/etc/resolv.conf"), Path("/run/systemd/resolve/resolv.conf"))
_DEADLINE = 10.0
_TRIES = 20
_PASTA = ("-f", "-q", "-4", "--config-net", "-I", "eth0", "--no-map-gw", "-t", "none", "-u", "none")


class Way(Enum):
    """How a sandbox is connected."""

    SHARED = "shared"
    NONE = "none"
    VETH = "veth"
    PASTA = "pasta"


def way(settings: Settings, *, root: bool, kind: str = NAMESPACES) -> Way:
    """How participants' sandboxes of this hub, which are of this kind, are connected on this machine."""
    if settings.sandbox == "none" or (kind == LANDLOCK and settings.limits.internet):
        return Way.SHARED
    if not settings.limits.internet:
        return Way.NONE
    if root and _program("ip") and _program("nft") and _program("nsenter"):
        return Way.VETH
    if not root and _program("pasta"):
        return Way.PASTA
    return Way.SHARED


def network(chosen: Way) -> Network:
    """What the sandbox is told of its network."""
    if chosen is Way.SHARED:
        return Network()
    return Network(own=True, unreachable=own_addresses(), names=chosen is not Way.NONE)


def own_addresses() -> tuple[str, ...]:
    """The machine's own IPv4 addresses: services that listen on all of them are not the participants'."""
    found = {
        address.address
        for interface in psutil.net_if_addrs().values()
        for address in interface
        if address.family == socket.AF_INET
    }
    ours = IPv4Network(OUTSIDE_ADDRESSES)
    kept = (address for address in map(ip_address, found) if not address.is_loopback and address not in ours)
    return tuple(sorted(map(str, kept)))


@dataclass(frozen=True)
class Firewall:
    """The rules for one hub's virtual interfaces, which all have names of the same beginning."""

    tag: str

    @classmethod
    def of(cls, layout: Layout) -> Firewall:
        """The rules of the hub in this folder."""
        return cls(hashlib.sha256(str(layout.root).encode()).hexdigest()[:6])

    @property
    def table(self) -> str:
        return f"skrt_hub_{self.tag}"

    @property
    def interfaces(self) -> str:
        return f"sk{self.tag}"

    def render(self, resolver: str, outward: str) -> str:
        """The rules for nft (nft(8)): out to the internet, names from one address, in to nobody.

        `outward` is the interface from which nothing new is forwarded, so that the machine is no router for its
        neighbours only because participants reach the internet. What other programs let in (Docker) stays theirs.
        """
        ours = f'"{self.interfaces}*"'
        neighbours = f'    iifname "{outward}" oifname != {ours}'
        others = f"{neighbours} ct status dnat accept\n{neighbours} ct state new drop\n" if outward else ""
        asked = f"iifname {ours} ip daddr {NAMESERVER} meta l4proto {{ tcp, udp }} th dport 53"
        names = f"    {asked} dnat ip to {resolver}\n"
        return (
            f"table inet {self.table} {{}}\ndelete table inet {self.table}\ntable inet {self.table} {{\n"
            f"  chain input {{\n    type filter hook input priority filter - 5;\n    iifname {ours} drop\n  }}\n"
            "  chain forward {\n    type filter hook forward priority filter - 5;\n"
            f"    iifname {ours} oifname {ours} drop\n    oifname {ours} ct state established,related accept\n"
            f"    oifname {ours} drop\n{others}  }}\n"
            f"  chain names {{\n    type nat hook prerouting priority dstnat;\n{names if resolver else ''}  }}\n"
            "  chain out {\n    type nat hook postrouting priority srcnat;\n"
            f"    ip saddr {OUTSIDE_ADDRESSES} oifname != {ours} masquerade\n  }}\n}}\n"
        )

    def put_up(self, layout: Layout) -> None:
        """Make the rules hold, and let the machine forward packets. Raises ProgramError or PrerequisiteError."""
        before = _FORWARDING.read_text(encoding="ascii").strip() == "1"
        noted = layout.run / "forwarding"
        if not before:
            noted.write_text("off", encoding="ascii")
        rules = self.render(resolver(), outward() if noted.exists() else "")
        run([_program("nft"), "-f", "-"], deadline=_DEADLINE, stdin=rules)
        _FORWARDING.write_text("1", encoding="ascii")

    def take_down(self, layout: Layout) -> None:
        """Remove the rules. The machine stops to forward packets where it did not before and nobody else needs it."""
        noted = layout.run / "forwarding"
        with suppress(SkrtHubError, OSError):
            run([_program("nft"), "delete", "table", "inet", self.table], deadline=_DEADLINE)
            others = run([_program("nft"), "list", "tables"], deadline=_DEADLINE).out
            bridges = any(_INTERFACES.glob("*/bridge"))  # Docker's, or virtual machines'
            if noted.exists() and "skrt_hub_" not in others and not bridges:
                _FORWARDING.write_text("0", encoding="ascii")
        noted.unlink(missing_ok=True)


def resolver() -> str:
    """The machine's IPv4 name server; behind a resolver of its own on loopback, the one that this one asks."""
    for file in _RESOLVERS:
        with suppress(OSError, ValueError):
            for line in file.read_text(encoding="utf-8").splitlines():
                words = line.split()
                if words[:1] == ["nameserver"] and _is_a_server(ip_address(words[1])):
                    return words[1]
    return ""


def outward() -> str:
    """The interface of the machine's way to everywhere else (proc(5), /proc/net/route)."""
    with suppress(OSError):
        for line in Path("/proc/net/route").read_text(encoding="ascii").splitlines()[1:]:
            words = line.split()
            if words[1] == "00000000":
                return words[0]
    return ""


def _is_a_server(address: IPv4Address | IPv6Address) -> bool:
    return address.version == 4 and not address.is_loopback


def connect_pair(layout: Layout, pid: int) -> None:
    """Connect the sandbox of this process by a pair of virtual interfaces. Raises ProgramError.

    The pair goes with the namespace. The machine's end has no address at all: browsers on the machine take every new
    address for a change of the network, and break off what they are loading (Chromium: ERR_NETWORK_CHANGED).
    """
    firewall = Firewall.of(layout)
    for attempt in range(_TRIES):
        number = random.randrange(1, 1 << 14)  # noqa: S311 - only to find one that is free
        pair = Pair(f"{firewall.interfaces}{number:x}", number)
        if _has_made(pair, pid, must=attempt + 1 == _TRIES):
            break
    enter = [_program("nsenter"), f"--net=/proc/{pid}/ns/net", _program("ip"), "-batch", "-"]
    run(enter, deadline=_DEADLINE, stdin=pair.within)


@dataclass(frozen=True)
class Pair:
    """What ip(8) is told for one pair of interfaces. Who has which hardware address is said, so nobody need ask."""

    name: str
    number: int

    @property
    def inside(self) -> str:
        """The sandbox's own address."""
        return str(ip_address(int(IPv4Network(OUTSIDE_ADDRESSES).network_address) + 4 * self.number + 2))

    def _hardware(self, end: int) -> str:
        # "Locally administered" (the 2 of the first byte): no maker's address.
        return f"02:5b:{end:02x}:00:{self.number >> 8:02x}:{self.number & 255:02x}"

    def outside(self, pid: int) -> str:
        """The machine's end; the other goes into the namespace of `pid`."""
        return (
            f"link add name {self.name} address {self._hardware(1)} type veth"
            f" peer name eth0 address {self._hardware(2)} netns {pid}\n"
            f"link set {self.name} addrgenmode none\nlink set {self.name} up\n"
            f"route add {self.inside}/32 dev {self.name}\n"
            f"neigh add {self.inside} lladdr {self._hardware(2)} dev {self.name} nud permanent\n"
        )

    @property
    def within(self) -> str:
        """The sandbox's end."""
        return (
            f"addr add {self.inside}/32 dev eth0\nlink set eth0 up\n"
            f"neigh add {GATEWAY} lladdr {self._hardware(1)} dev eth0 nud permanent\n"
            f"route add default via {GATEWAY} dev eth0 onlink\n"
        )


def _has_made(pair: Pair, pid: int, *, must: bool) -> bool:
    """Whether name and address were free. Raises ProgramError where they `must` be."""
    done = run([_program("ip"), "-batch", "-"], deadline=_DEADLINE, stdin=pair.outside(pid), check=must)
    if done.code != 0 and "-:1" not in done.err:  # not the first line: the pair was made, its address is another's
        run([_program("ip"), "link", "delete", pair.name], deadline=_DEADLINE, check=False)
    return done.code == 0


async def connect_pasta(pid: int) -> ProcessIdentity:
    """Connect the sandbox of this process by pasta; the caller ends it with the sandbox. Raises OSError."""
    base = int(IPv4Network(OUTSIDE_ADDRESSES).network_address)
    address, gateway = str(ip_address(base + 2)), str(ip_address(base + 1))
    words = [
        _program("pasta"),
        *_PASTA,
        "-T",
        "none",
        "-U",
        "none",
        "-a",
        address,
        "-n",
        "255.255.255.252",
        "-g",
        gateway,
    ]
    words += ["--dns-forward", NAMESERVER, str(_child_of(pid))]
    process = await start_in_loop(
        words, stdout=DEVNULL, stderr=DEVNULL, env={"PATH": os.defpath}, start_new_session=True, cwd="/"
    )
    return identify(process.pid)


def _child_of(pid: int) -> int:
    # The first process of a sandbox may not be looked into, the server, its child, may.
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    return int(children[0])


def _program(name: str) -> str:
    return shutil.which(name, path=_PROGRAMS) or ""
