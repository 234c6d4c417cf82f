"""The hub as something that comes back after a reboot: what is noted for that, and what the machine then runs.

The hub itself runs as ever, so that `stop`, `start` and `up` are typed as without a service. What was stopped by the
command stays stopped, through reboots too; what ended with the machine comes back.
"""

from __future__ import annotations

import hashlib
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from skrt_hub.context import Context
from skrt_hub.errors import PermissionsError, PortTakenError, PrerequisiteError, StartError, UsageError
from skrt_hub.hub.reach import in_container
from skrt_hub.layout import default_root
from skrt_hub.report import Finding, Message, Report
from skrt_hub.targets.machine import boot_entries
from skrt_hub.targets.machine.boot_entries import Programs

_VARIABLES = ("HOME", "LANG", "PATH", "SSL_CERT_FILE", "SSL_CERT_DIR", "XDG_DATA_HOME", "XDG_CACHE_HOME")
_KINDS = ("SKRT_HUB_", "UV_")
_PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")
_TRIES, _PAUSE = 30, 20.0
_INSTALL = "skrt-hub service install"


class MachineService:
    """One hub's service (skrt_hub.targets.protocol.Service). `start`, `stop`: those of the target."""

    def __init__(self, context: Context, start: Callable[[], Report], stop: Callable[[], Message]) -> None:
        self._context = context
        self._start, self._stop = start, stop
        self._name = name_of(context)

    def install(self, config: Path | None) -> Message:
        entries = boot_entries.all_entries()
        if in_container() or not entries:
            raise PrerequisiteError(
                "Nothing here could start the hub with the machine.",
                why="There is neither systemd nor cron.",
                remedy="Start the container with --restart unless-stopped."
                if in_container()
                else "Install cron, or have whatever starts this machine's services type: skrt-hub service start",
            )
        chosen, *others = entries
        chosen.put(programs(self._context, config, self._name))
        for entry in others:
            if entry.is_there(self._name):
                entry.take_out(self._name)
        return Message(
            (
                "The hub comes back after each reboot, unless you stopped it with: skrt-hub stop",
                *chosen.words(self._name),
                "Undo this with: skrt-hub service remove",
            )
        )

    def remove(self) -> Message:
        removed = take_out(self._context)
        if not removed:
            return Message(("There was no service of this hub.",))
        return Message(("The hub does not come back after a reboot any more. What runs now goes on.",))

    def start(self) -> Report:
        if self._context.layout.stopped.exists():
            return Message(("The hub was stopped with `skrt-hub stop`, and stays so. Start it: skrt-hub start",))
        for left in range(_TRIES, 0, -1):
            try:
                return self._start()
            except (PermissionsError, PortTakenError, StartError) as error:
                # So soon after the machine's start its network may have no address yet, or a disk be missing.
                if left == 1:
                    raise
                self._context.progress.say(f"{error.what} Again in {_PAUSE:.0f} s.")
                time.sleep(_PAUSE)
        raise AssertionError

    def stop(self) -> Message:
        return self._stop()


def name_of(context: Context) -> str:
    """The name of this hub's service: two hubs may have the same name in different folders."""
    name, root = context.settings.name, context.layout.root
    if root == default_root(name):
        return f"skrt-hub-{name}"
    return f"skrt-hub-{name}-{hashlib.sha256(str(root).encode()).hexdigest()[:8]}"


def take_out(context: Context) -> bool:
    """Remove the service, wherever it is noted; whether there was one."""
    name = name_of(context)
    there = [entry for entry in boot_entries.all_entries() if entry.is_there(name)]
    for entry in there:
        entry.take_out(name)
    return bool(there)


def where(context: Context) -> str:
    """Where this hub's service is noted; "" where it has none."""
    name = name_of(context)
    return next((entry.words(name)[0] for entry in boot_entries.all_entries() if entry.is_there(name)), "")


def finding(context: Context) -> Finding:
    """What `check` says of a reboot."""
    if in_container():
        found = "the hub comes back with its container, where that was made with --restart unless-stopped"
        return Finding("after a reboot", True, found)
    found = where(context)
    if not found:
        found = f"the hub stays down until you type `skrt-hub start`; what changes that: {_INSTALL}"
        return Finding("after a reboot", True, found)
    return Finding("after a reboot", True, f"the hub comes back: {found}")


def programs(context: Context, config: Path | None, name: str) -> Programs:
    """The commands as they were typed just now: the same program, hub.yaml, state folder, folder and variables."""
    root = context.layout.root
    file = ("--config", str(config.absolute())) if config is not None else ()
    words = (*_command(), "--state", str(root), *file, "service")
    folder = config.absolute().parent if config is not None else root
    variables = {key: value for key, value in os.environ.items() if _is_kept(key)}
    _ensure_can_be_noted(words, folder, variables)
    return Programs(
        name=name,
        start=(*words, "start"),
        stop=(*words, "stop"),
        folder=folder,
        variables=variables,
        log=context.layout.log / "service.log",
    )


def _ensure_can_be_noted(words: Sequence[str], folder: Path, variables: Mapping[str, str]) -> None:
    """A line of a unit or of cron's table ends with a newline, and a folder's there with a backslash or a space.

    Raises UsageError: what would follow such an end would be read as an order of its own.
    """
    odd = next((word for word in (*words, str(folder)) if not word.isprintable()), "")
    if not odd and str(folder).endswith((" ", "\\")):
        odd = str(folder)
    if odd:
        raise UsageError(
            f"The hub cannot be noted as a service: the path {odd!r} has a character that ends a line there.",
            remedy="Rename the folder: no line ends in its name, and no space or backslash as the last letter.",
        )
    if wrong := next((name for name, value in sorted(variables.items()) if not value.isprintable()), ""):
        raise UsageError(
            f"The hub cannot be noted as a service: the variable {wrong} has a line end, or a byte that is no text.",
            remedy=f"Type: unset {wrong}",
        )


def _command() -> tuple[str, ...]:
    """skrt-hub by the name that was typed: a newer one may be put there."""
    typed = Path(sys.argv[0]).absolute()
    if typed.name == "skrt-hub" and os.access(typed, os.X_OK):
        return (str(typed),)
    return (sys.executable, "-m", "skrt_hub")


def _is_kept(name: str) -> bool:
    return name in _VARIABLES or name.startswith(_KINDS) or name.lower() in _PROXIES
