"""A control group that systemd leaves to the hub, in which it may make groups with limits.

Who logs in by ssh or at a console gets a group that belongs to root. The user's own service manager can start the hub
in another (systemd.resource-control(5), Delegate=), which outlives the log-in where the user lingers (loginctl(1)).
"""

from __future__ import annotations

import os
import pwd
import shutil
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from skrt_hub.errors import SkrtHubError
from skrt_hub.hub import control_groups, own_group
from skrt_hub.process import run

_PATIENCE = 10.0
_NEEDED = ("memory", "pids")
_SCOPE = ("--quiet", "--collect", "--property=Delegate=yes", "--description=skrt-hub")


@dataclass(frozen=True)
class Facts:
    """What decides. `manager`: the socket or folder that shows which service manager is there; "" without one."""

    root: bool
    name: str
    unified: bool
    manager: str
    program: str
    lingers: bool
    runtime: str


@dataclass(frozen=True)
class Way:
    """How to get such a group: what is put before a program to start it there; or why there is none, and what helps."""

    before: tuple[str, ...] = ()
    why: str = ""
    remedy: str = ""


def find() -> Facts:
    """The facts of this machine and user."""
    user = os.geteuid()
    runtime = os.environ.get("XDG_RUNTIME_DIR") or f"/run/user/{user}"
    manager = Path("/run/systemd/system") if user == 0 else Path(runtime, "systemd", "private")
    try:
        name = pwd.getpwuid(user).pw_name
    except KeyError:
        name = ""
    return Facts(
        root=user == 0,
        name=name,
        unified=Path("/sys/fs/cgroup/cgroup.controllers").exists(),
        manager=str(manager) if manager.exists() else "",
        program=shutil.which("systemd-run") or "",
        lingers=bool(name) and Path("/var/lib/systemd/linger", name).exists(),
        runtime=runtime,
    )


def choose(facts: Facts) -> Way:
    """The way by these facts alone; whether it works is found by `tried`."""
    if not facts.unified:
        return Way(why="the kernel's control groups are not those of version 2")
    if not facts.program or not facts.manager:
        whose = "systemd does not run here" if facts.root else "this user has no service manager (systemd --user)"
        return Way(why=whose)
    if facts.root:
        return Way((facts.program, "--scope", *_SCOPE))
    if not facts.lingers:
        return Way(
            why=f"the service manager of {facts.name} ends at log-out, and would end the hub",
            remedy=f"Let it stay: loginctl enable-linger {facts.name} (with sudo where that is refused), then "
            "skrt-hub stop and skrt-hub start.",
        )
    return Way(("/usr/bin/env", f"XDG_RUNTIME_DIR={facts.runtime}", facts.program, "--user", "--scope", *_SCOPE))


def tried() -> Way:
    """The way that works here, found by starting a small program in such a group."""
    way = choose(find())
    if not way.before:
        return way
    try:
        given = run((*way.before, "--", *_starter(), "--show"), deadline=_PATIENCE).out.split()
    except SkrtHubError as error:
        return Way(why=f"systemd gave no group: {(error.why or error.what).strip().splitlines()[-1]}")
    lacking = [name for name in _NEEDED if name not in given]
    if lacking:
        return Way(why=f"systemd leaves this user no control of: {', '.join(lacking)} (user@.service, Delegate=)")
    return way


def command(state: Path) -> tuple[str, ...]:
    """What to put before the program that keeps the hub of this state folder running; nothing where nothing helps."""
    before = tried().before
    if not before:
        return ()
    beginning = control_groups.beginning(state)
    # A name of its own each time: one that was used may still be known to systemd.
    unit = f"--unit={beginning}{os.getpid()}-{time.time_ns() // 10**6}.scope"
    return (*before, unit, "--", *_starter(), beginning)


def _starter() -> tuple[str, ...]:
    return (sys.executable, "-I", "-S", str(Path(own_group.__file__)))
