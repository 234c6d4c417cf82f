"""Whether an address can be listened on, and who has it when not."""

from __future__ import annotations

import errno
import socket

import psutil

from skrt_hub.errors import PermissionsError, PortTakenError, SkrtHubError
from skrt_hub.settings.model import Settings

FOR_LOW_PORTS = (
    "Or let an administrator type, for the ports from 80 on: sudo sysctl -w net.ipv4.ip_unprivileged_port_start=80"
)
"""What gives ordinary users these ports (ip-sysctl in the kernel's documentation)."""


def ensure_port_is_free(settings: Settings) -> None:
    """Raises PortTakenError, naming the owner where the system tells, or PermissionsError for a reserved port."""
    family = socket.AF_INET6 if ":" in settings.listen else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe_socket:
        probe_socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe_socket.bind((settings.listen, settings.port))
        except OSError as error:
            raise port_error(settings.listen, settings.port, error) from None


def port_error(host: str, port: int, error: OSError) -> SkrtHubError:
    """What it means that an address could not be listened on."""
    if error.errno == errno.EADDRINUSE:
        return PortTakenError(
            f"Port {port} is taken by {_owner(port)}.",
            why=f"Two programs cannot listen on one port ({host}).",
            remedy=f"End that program, or choose another port in hub.yaml, such as `port: {port + 1}`.",
        )
    if error.errno == errno.EADDRNOTAVAIL:
        return PermissionsError(
            f"This machine has no address {host}.",
            remedy="Write one of its own addresses in hub.yaml, such as `address: 127.0.0.1`.",
        )
    return PermissionsError(
        f"{host} port {port} cannot be listened on.",
        why=f"{error.strerror}.",
        remedy=f"Choose a port above 1023 in hub.yaml, such as `port: 8000`. {FOR_LOW_PORTS}",
    )


def _owner(port_number: int) -> str:
    try:
        for connection in psutil.net_connections("tcp"):
            if connection.status == psutil.CONN_LISTEN and connection.laddr.port == port_number and connection.pid:
                return f"the program {psutil.Process(connection.pid).name()} (pid {connection.pid})"
    except (psutil.Error, OSError):
        pass
    return "another user's program"
