"""From the settings to one participant's sandbox document: a pure function, so that what a participant sees is data."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from skrt_hub.hub.applied import Applied
from skrt_hub.hub.names import Place
from skrt_hub.layout import Layout
from skrt_workspace import launch
from skrt_workspace.sandbox.document import Bind, Limits, SandboxDocument, User

_THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "ITK_GLOBAL_DEFAULT_NUMBER_OF_THREADS",
)

# The hub answers first when everybody wants the processors; among participants it makes no difference.
NICENESS = 5


@dataclass(frozen=True)
class Start:
    """One start of one participant's server: what JupyterHub adds to what the settings say."""

    place: Place
    environment: Mapping[str, str]
    arguments: tuple[str, ...]
    control_groups: tuple[str, ...] = ()


def render_sandbox(applied: Applied, layout: Layout, start: Start, *, machine_cpus: int) -> SandboxDocument:
    """The sandbox of one participant's server. `machine_cpus` is how many processors the machine has."""
    settings = applied.settings
    place = start.place
    python = str(applied.environment / "bin" / "python")
    isolated = settings.sandbox != "none"
    home = layout.home(place.folder)
    return SandboxDocument(
        home=str(home),
        command=launch.command(python, *start.arguments),
        environment={
            **_environment(applied, start, home=home, machine_cpus=machine_cpus, isolated=isolated),
            **({} if isolated else {"SKRT_MATERIAL": str(layout.material_shown)}),
        },
        working_directory="/home/jovyan" if isolated else str(home),
        log_file=str(layout.server_log(place.folder)),
        isolated=isolated,
        user=User(place.uid, place.uid) if applied.root else None,
        hostname=settings.name,
        read_only=_read_only(applied, layout) if isolated else (),
        limits=Limits(processes=settings.limits.processes, open_files=4096, niceness=NICENESS),
        control_groups=start.control_groups,
        notices=str(layout.notices(place.folder)),
    )


def threads(cpu: float, machine_cpus: int) -> int:
    """How many threads an engine or a BLAS may use under a limit of `cpu` processors: whole ones, at least one."""
    return max(1, min(math.ceil(cpu), machine_cpus))


def _environment(applied: Applied, start: Start, *, home: Path, machine_cpus: int, isolated: bool) -> dict[str, str]:
    settings = applied.settings
    count = str(threads(settings.limits.cpu, machine_cpus))
    inside = "/home/jovyan" if isolated else str(home)
    variables = {
        "PATH": os.pathsep.join((str(applied.environment / "bin"), "/usr/local/bin", "/usr/bin", "/bin")),
        "HOME": inside,
        "USER": "jovyan",
        "LOGNAME": "jovyan",
        "SHELL": "/bin/bash",
        "LANG": "C.UTF-8",
        "TERM": "xterm-256color",
        "CPU_LIMIT": f"{settings.limits.cpu:g}",
        "MEM_LIMIT": str(settings.limits.memory),
        **dict.fromkeys(_THREAD_VARIABLES, count),
        **start.environment,
    }
    if settings.engines.elastix is not None:
        variables["SKRT_ELASTIX"] = str(settings.engines.elastix)
    return variables


def _read_only(applied: Applied, layout: Layout) -> tuple[Bind, ...]:
    shown = [Bind(str(data.folder), f"/data/{data.name}") for data in applied.settings.data]
    # Shown also where there is none: what is handed out later must reach servers that run.
    shown.append(Bind(str(layout.material_shown), "/srv/material"))
    elastix = applied.settings.engines.elastix
    if elastix is not None and not str(elastix).startswith(("/usr/", "/bin/")):
        shown.append(Bind(str(elastix.parent), str(elastix.parent)))
    return tuple(shown)
