"""From the settings to one participant's sandbox document: a pure function, so that what a participant sees is data."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

from skrt_hub.hub import data_shown, gpu
from skrt_hub.hub.applied import Applied
from skrt_hub.hub.names import Place
from skrt_hub.layout import Layout
from skrt_hub.policy import cohorts, engines, environments, memory, patient_data, start_page, threads
from skrt_workspace import connections, server_command, shared_folders, workers
from skrt_workspace.sandbox.document import (
    DOOR_INSIDE,
    LANDLOCK,
    MIB,
    NAMESPACES,
    Bind,
    Limits,
    Network,
    SandboxDocument,
    Shared,
    Temporary,
    User,
)
from skrt_workspace.sandbox.enter import LISTENER

# The hub answers first when everybody wants the processors; among participants it makes no difference.
NICENESS = 5


@dataclass(frozen=True)
class Start:
    """One start of one participant's server: what JupyterHub adds to what the settings say.

    `listening`: a listening socket goes along, and the way to the hub (skrt_workspace.connections). `absent`: data that
    hub.yaml names and that is not there now.
    """

    place: Place
    environment: Mapping[str, str]
    arguments: tuple[str, ...]
    control_groups: tuple[str, ...] = ()
    listening: bool = False
    network: Network = field(default_factory=Network)
    shared: tuple[Shared, ...] = ()
    cards: gpu.Cards = field(default_factory=gpu.Cards)
    absent: frozenset[str] = frozenset()


def render_sandbox(applied: Applied, layout: Layout, start: Start, *, machine_cpus: int) -> SandboxDocument:
    """The sandbox of one participant's server. `machine_cpus` is how many processors the machine has."""
    settings = applied.settings
    place = start.place
    python = str(applied.environment / "bin" / "python")
    isolated, confined = applied.sandbox == NAMESPACES, applied.sandbox == LANDLOCK
    home = layout.home(place.folder)
    return SandboxDocument(
        home=str(home),
        command=server_command.command(python, *start.arguments),
        environment={
            **_environment(applied, start, home=home, machine_cpus=machine_cpus, isolated=isolated),
            **({} if isolated else {"SKRT_MATERIAL": str(layout.material_shown)}),
            **_shared(applied, start.shared, isolated=isolated),
            **data_shown.links(settings, layout, isolated=isolated),
            **(_door(start.environment, str(layout.door)) if confined and start.listening else {}),
        },
        working_directory="/home/jovyan" if isolated else str(home),
        log_file=str(layout.server_log(place.folder)),
        isolated=isolated,
        confined=confined,
        user=User(place.uid, place.uid) if applied.root else None,
        hostname=settings.name,
        read_only=_read_only(applied, layout, start) if isolated or confined else (),
        shared=start.shared if isolated or confined else (),
        temporary=in_memory(settings.limits.memory),
        limits=Limits(processes=settings.limits.processes, open_files=4096, niceness=NICENESS),
        control_groups=start.control_groups,
        notices=str(layout.notices(place.folder)),
        network=start.network,
        devices=start.cards.devices,
        door=str(layout.door.parent) if (isolated or confined) and start.listening else None,
    )


def in_memory(limit: int) -> tuple[Temporary, ...]:
    """The folders in memory at a memory limit of `limit`; a sandbox also has its own /run there."""
    shared = (Temporary(path, size) for path, size in memory.folders(limit).items())
    return (*shared, Temporary("/run", 16 * MIB))


def _environment(applied: Applied, start: Start, *, home: Path, machine_cpus: int, isolated: bool) -> dict[str, str]:
    settings = applied.settings
    libraries = {"LD_LIBRARY_PATH": os.pathsep.join(start.cards.libraries)} if start.cards.libraries else {}
    inside = "/home/jovyan" if isolated else str(home)
    variables = {
        "PATH": os.pathsep.join(
            (str(applied.environment / "bin"), "/usr/local/bin", "/usr/bin", "/bin", f"{inside}/.local/bin")
        ),
        "HOME": inside,
        "USER": "jovyan",
        "LOGNAME": "jovyan",
        "SHELL": "/bin/bash",
        "LANG": "C.UTF-8",
        "TERM": "xterm-256color",
        "CPU_LIMIT": f"{settings.limits.cpu:g}",
        "MEM_LIMIT": str(settings.limits.memory),
        **threads.variables(settings.limits.cpu, machine_cpus),
        **engines.variables(settings.engines),
        **cohorts.variables(settings),
        **workers.variables(own_network=start.network.own),
        **patient_data.variables(settings),
        **start_page.variables(settings),
        **environments.variables(applied.chosen, applied.others),
        **libraries,
        **start.environment,
        **(_connections(start.environment, isolated=isolated) if start.listening else {}),
    }
    if settings.engines.elastix is not None:
        variables["SKRT_ELASTIX"] = str(settings.engines.elastix)
    return variables


def _connections(given: Mapping[str, str], *, isolated: bool) -> dict[str, str]:
    """The server is given its socket, and finds the hub at the door, whatever address JupyterHub would have it ask."""
    variables = {connections.LISTENER_VARIABLE: str(LISTENER)}
    return variables | (_door(given, f"{DOOR_INSIDE}/hub.sock") if isolated else {})


def _shared(applied: Applied, folders: tuple[Shared, ...], *, isolated: bool) -> dict[str, str]:
    limits = {folder.name: folder.size for folder in applied.settings.shared}
    told = {}
    for folder in folders:
        name = PurePosixPath(folder.inside).name
        path = folder.inside if isolated else folder.source
        told[name] = {"path": path, "write": folder.write, "limit": limits.get(name, 0)}
    return shared_folders.variables(told)


def _door(given: Mapping[str, str], path: str) -> dict[str, str]:
    variables = {connections.DOOR_VARIABLE: path}
    for name in ("JUPYTERHUB_API_URL", "JUPYTERHUB_ACTIVITY_URL"):
        if name in given:
            variables[name] = urlsplit(given[name])._replace(netloc=connections.HUB_HOST).geturl()
    return variables


def _is_of_the_system(folder: Path) -> bool:
    return str(folder).startswith(("/usr/", "/bin/"))


def _read_only(applied: Applied, layout: Layout, start: Start) -> tuple[Bind, ...]:
    data = data_shown.folders(applied.settings, layout)
    shown = [Bind(str(folder), f"/data/{name}") for name, folder in data.items() if name not in start.absent]
    # Shown also where there is none: what is handed out later must reach servers that run.
    shown.append(Bind(str(layout.material_shown), "/srv/material"))
    shown += [Bind(folder, folder) for folder in start.cards.libraries]
    shown += [Bind(str(folder), str(folder)) for _, folder in applied.others if not _is_of_the_system(folder)]
    elastix = applied.settings.engines.elastix
    if elastix is not None and not _is_of_the_system(elastix):
        shown.append(Bind(str(elastix.parent), str(elastix.parent)))
    return tuple(shown)
