"""The programs that make up a running hub, as data: what is started, with which environment, and in which log.

The supervisor starts them; none of them is told a secret in its arguments.
"""

from __future__ import annotations

import json
import os
import socket
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from skrt_hub import policy
from skrt_hub.hub import jupyterhub_config_file
from skrt_hub.hub.ahead import LISTENERS_VARIABLE, MODULE, STATE_VARIABLE
from skrt_hub.hub.applied import Applied
from skrt_hub.hub.proxy import static_file
from skrt_hub.hub.secrets import Secrets
from skrt_hub.layout import Layout
from skrt_hub.process import beside_python, plain_environment
from skrt_hub.targets.machine import activate
from skrt_hub.version import __version__
from skrt_workspace.sandbox.document import NAMESPACES

SUPERVISOR = "skrt_hub.targets.machine.supervisor"
"""The program that keeps all of these running; the watchdog is told of it, and knows nothing above itself."""


@dataclass(frozen=True)
class Part:
    """One program: how it is started and where its output goes."""

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    log: Path
    descriptors: tuple[int, ...] = ()


def hub(layout: Layout, given: Mapping[str, socket.socket], entry_points: Sequence[str]) -> Part:
    """JupyterHub, with the sockets that it is to listen on."""
    command = (sys.executable, "-m", MODULE, "--config", str(jupyterhub_config_file()))
    numbers = {name: listener.fileno() for name, listener in given.items()}
    plain = plain_environment(*_NETWORK)
    programs = os.pathsep.join((str(Path(sys.executable).parent), plain.get("PATH", os.defpath)))
    environment = {
        **plain,
        "PATH": programs,  # a newer JupyterHub runs alembic, by its name alone, to upgrade its database
        STATE_VARIABLE: str(layout.root),
        LISTENERS_VARIABLE: json.dumps({"sockets": numbers, "entry_points": list(entry_points)}),
        "PYTHONUNBUFFERED": "1",
    }
    return Part("hub", command, environment, layout.log / "hub.log", tuple(numbers.values()))


def proxy(layout: Layout, given: Mapping[str, socket.socket], *, open_to_people: bool) -> Part:
    """traefik, with a socket for each of its entry points (systemd's socket activation, sd_listen_fds(3))."""
    program = beside_python("traefik")
    # Its heap is small, so Go's collector would run at almost every change of the routes; see pkg.go.dev/runtime.
    environment = {**plain_environment(*_NETWORK), "GOGC": "400"}
    numbers = {name: listener.fileno() for name, listener in given.items()}
    starter = (sys.executable, "-I", "-S", str(Path(activate.__file__)), json.dumps(numbers))
    command = (*starter, str(program), f"--configfile={static_file(layout, open_to_people=open_to_people)}")
    return Part("proxy", command, environment, layout.log / "proxy.log", tuple(numbers.values()))


def assets(applied: Applied, layout: Layout, listener: socket.socket) -> Part:
    """The program that sends browsers the pages' scripts and styles."""
    number = listener.fileno()
    options = (f"--descriptor={number}", f"--environment={applied.environment}")
    command = (sys.executable, "-m", "skrt_hub.assets.server", *options)
    return Part("assets", command, plain_environment(), layout.log / "assets.log", (number,))


def class_page(applied: Applied, layout: Layout, secrets: Secrets, listener: socket.socket) -> Part:
    """The program of the organiser's page."""
    number = listener.fileno()
    command = (sys.executable, "-m", "skrt_hub.class_page", str(layout.root), f"--descriptor={number}")
    environment = {
        **plain_environment(*_NETWORK),
        "JUPYTERHUB_API_TOKEN": secrets.page,
        "JUPYTERHUB_API_URL": f"http://127.0.0.1:{applied.ports.hub}/hub/api",
        "PYTHONUNBUFFERED": "1",
    }
    return Part("page", command, environment, layout.log / "page.log", (number,))


def announcer(layout: Layout) -> Part:
    """The program that announces the hub's name on the local network."""
    command = (sys.executable, "-m", "skrt_hub.targets.machine.announcer", str(layout.root))
    return Part("announcer", command, plain_environment(), layout.log / "announcer.log")


def fork_server(applied: Applied, layout: Layout, environment: str = "") -> Part:
    """The zygote of participants' servers, in the first environment or a further one.

    It starts with almost no variables: its children show them.
    """
    python = str(applied.running_in(environment).environment / "bin" / "python")
    socket_path = str(layout.fork_server_socket(environment))
    command = (python, "-I", "-m", "skrt_workspace.forkserver", "--socket", socket_path)
    # Without namespaces each home has a path of its own; this one is nobody's.
    home = () if applied.sandbox == NAMESPACES else ("--home", str(layout.run / "nobody"))
    variables = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"}
    return Part("fork-server", (*command, *home), variables, layout.log / "fork-server.log")


def scheduled_save(layout: Layout) -> Part:
    """One save of all homes, as hub.yaml's `saves` says."""
    command = (sys.executable, "-m", "skrt_hub.targets.machine.scheduled_save", str(layout.root))
    environment = {**plain_environment(*_NETWORK), "PYTHONUNBUFFERED": "1"}
    return Part("save", command, environment, layout.log / "save.log")


def culler(applied: Applied, layout: Layout, secrets: Secrets) -> Part:
    """The program that ends servers nobody uses."""
    idle = applied.settings.limits.idle
    command = (
        sys.executable,
        "-m",
        "jupyterhub_idle_culler",
        f"--url=http://127.0.0.1:{applied.ports.hub}/hub/api",
        f"--timeout={idle}",
        f"--cull-every={policy.idle.look_every(idle)}",
        "--concurrency=4",
    )
    environment = {**plain_environment(), "JUPYTERHUB_API_TOKEN": secrets.culler}
    return Part("culler", command, environment, layout.log / "culler.log")


def code_stamp() -> str:
    """Which code this is: the version of skrt-hub and when its files last changed, and the version of JupyterHub."""
    newest = max(file.stat().st_mtime_ns for file in Path(__file__).parents[2].rglob("*.py"))
    return f"{__version__}-{newest}-{version('jupyterhub')}"


_NETWORK = ("http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "SSL_CERT_FILE")
