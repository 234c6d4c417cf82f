"""What starts a program with the machine: a unit of systemd, of the machine's or of the user's own, or a line for cron.

See systemd.service(5), systemd.syntax(7), loginctl(1) and crontab(5). Rendering is apart from doing.
"""

from __future__ import annotations

import os
import shlex
import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from skrt_hub.errors import PermissionsError, PrerequisiteError, SkrtHubError
from skrt_hub.files import ensure_folder, write_atomically
from skrt_hub.hub import delegation
from skrt_hub.process import Finished, run

_DEADLINE = 30.0
_MANAGER_COMES = 10.0
_NO_TABLE = ("no crontab", "no such file")
"""What `crontab -l` says to whoever has no table yet, in Debian's and Red Hat's cron and in busybox's."""
_SYSTEM_UNITS = Path("/etc/systemd/system")


@dataclass(frozen=True)
class Programs:
    """What is started with the machine, and what ends it in order; both in `folder`, with these variables."""

    name: str
    start: tuple[str, ...]
    stop: tuple[str, ...]
    folder: Path
    variables: Mapping[str, str]
    log: Path


class Entry(Protocol):
    """A place in which what starts with the machine is noted."""

    def is_there(self, name: str) -> bool:
        """Whether something of this name is noted there."""

    def put(self, programs: Programs) -> None:
        """Note these programs, in place of what is there. Raises a SkrtHubError with nothing changed."""

    def take_out(self, name: str) -> None:
        """Remove what is noted; what it started runs on."""

    def words(self, name: str) -> tuple[str, ...]:
        """Where it is noted, and how to look at it."""


def all_entries() -> tuple[Entry, ...]:
    """Those that there can be here, the best first."""
    facts = delegation.find()
    entries: list[Entry] = []
    if Path("/run/systemd/system").exists() and shutil.which("systemctl"):
        entries.append(Systemd(facts))
    if crontab := shutil.which("crontab"):
        entries.append(Cron(crontab))
    return tuple(entries)


def unit(programs: Programs, *, root: bool) -> str:
    """A unit of systemd. It starts the hub and ends: the hub is in a scope of its own, and lives without the unit."""
    network = ("Wants=network-online.target", "After=network-online.target") if root else ()
    variables = (f"Environment={_quoted(f'{name}={value}')}" for name, value in sorted(programs.variables.items()))
    lines = (
        "# Made by `skrt-hub service install`, removed by `skrt-hub service remove`.",
        "[Unit]",
        f"Description=The hub in {_escaped(str(programs.folder))} ({programs.name})",
        *network,
        "",
        "[Service]",
        "Type=oneshot",
        "RemainAfterExit=yes",
        "# Where the hub could get no scope it is in this unit: no kernel may end with one program of it.",
        "KillMode=process",
        f"WorkingDirectory={_escaped(str(programs.folder))}",
        *variables,
        f"ExecStart={' '.join(map(_word, programs.start))}",
        f"ExecStop={' '.join(map(_word, programs.stop))}",
        "TimeoutStartSec=infinity",
        "",
        "[Install]",
        f"WantedBy={'multi-user.target' if root else 'default.target'}",
    )
    return "\n".join(lines) + "\n"


def _escaped(text: str) -> str:
    return text.replace("%", "%%")


def _quoted(text: str) -> str:
    escaped = _escaped(text).replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def _word(text: str) -> str:
    return _quoted(text).replace("$", "$$")


def cron_line(programs: Programs) -> str:
    """A line of a crontab; a percent sign would end the command there."""
    variables = " ".join(f"{name}={shlex.quote(value)}" for name, value in sorted(programs.variables.items()))
    log = shlex.quote(str(programs.log))
    command = f"cd {shlex.quote(str(programs.folder))} && {variables} {shlex.join(programs.start)} >>{log} 2>&1"
    return f"@reboot {command} {_mark(programs.name)}".replace("%", "\\%")


def _mark(name: str) -> str:
    return f"# {name}, by skrt-hub service install"


@dataclass(frozen=True)
class Systemd:
    """Root's units are the machine's; anybody else's are those of the own service manager, which must stay."""

    facts: delegation.Facts

    def is_there(self, name: str) -> bool:
        return self._file(name).exists()

    def put(self, programs: Programs) -> None:
        if not self.facts.root:
            self._stay()
        file = self._file(programs.name)
        try:
            ensure_folder(file.parent)
            # Its variables may hold a proxy's password.
            write_atomically(file, unit(programs, root=self.facts.root), mode=0o600)
        except OSError as error:
            raise PermissionsError(f"{file} could not be written.", why=error.strerror or str(error)) from None
        self._ask("daemon-reload")
        self._ask("enable", "--quiet", file.name)
        # It counts as started from now on, so that the machine's end ends the hub in order.
        self._ask("start", "--no-block", file.name)

    def take_out(self, name: str) -> None:
        file = self._file(name)
        self._ask("disable", "--quiet", file.name)
        file.unlink(missing_ok=True)
        self._ask("daemon-reload")

    def words(self, name: str) -> tuple[str, ...]:
        user = "" if self.facts.root else "--user "
        return (f"systemd has it as {self._file(name)}", f"Look at it: systemctl {user}status {self._file(name).name}")

    def _file(self, name: str) -> Path:
        config = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
        return (_SYSTEM_UNITS if self.facts.root else config / "systemd" / "user") / f"{name}.service"

    def _ask(self, *words: str) -> Finished:
        if self.facts.root:
            return run(("systemctl", *words), deadline=_DEADLINE)
        variables = {**os.environ, "XDG_RUNTIME_DIR": self.facts.runtime}
        return run(("systemctl", "--user", *words), deadline=_DEADLINE, environment=variables)

    def _stay(self) -> None:
        """Have the user's service manager run from the machine's start on. Raises PermissionsError."""
        if not self.facts.lingers:
            try:
                run(("loginctl", "enable-linger", self.facts.name), deadline=_DEADLINE)
            except SkrtHubError as error:
                raise PermissionsError(
                    "A hub of yours cannot start with the machine yet: your programs end when you log out.",
                    why=error.why,
                    remedy=f"Have an administrator type: sudo loginctl enable-linger {self.facts.name}. "
                    "Then: skrt-hub service install",
                ) from None
        give_up = time.monotonic() + _MANAGER_COMES
        while not Path(self.facts.runtime, "systemd", "private").exists():
            if time.monotonic() > give_up:
                raise PrerequisiteError(
                    "Your service manager (systemd --user) does not start.",
                    remedy=f"See: systemctl status user@{os.geteuid()}.service",
                )
            time.sleep(0.1)


@dataclass(frozen=True)
class Cron:
    """The user's table of cron, changed by `crontab` alone."""

    crontab: str

    def is_there(self, name: str) -> bool:
        return any(line.endswith(_mark(name)) for line in self._lines())

    def put(self, programs: Programs) -> None:
        self._write([*self._others(programs.name), cron_line(programs)])

    def take_out(self, name: str) -> None:
        self._write(self._others(name))

    def words(self, name: str) -> tuple[str, ...]:
        return ("cron has it as a line of your table. Look at it: crontab -l",)

    def _others(self, name: str) -> list[str]:
        return [line for line in self._lines() if not line.endswith(_mark(name))]

    def _lines(self) -> list[str]:
        told = run((self.crontab, "-l"), deadline=_DEADLINE, check=False)
        if told.code and not any(words in told.err.lower() for words in _NO_TABLE):
            raise PermissionsError(  # as if there were none would be to write over the lines of others
                "The table of cron could not be read, so nothing was changed in it.",
                why=told.err.strip() or f"crontab -l ended with code {told.code}",
                remedy="See what stands in the way with: crontab -l",
            )
        return told.out.splitlines()

    def _write(self, lines: Sequence[str]) -> None:
        run((self.crontab, "-"), deadline=_DEADLINE, stdin="".join(f"{line}\n" for line in lines))
