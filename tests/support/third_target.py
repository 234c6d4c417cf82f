"""A target that skrt-hub does not have: a program that answers, and homes in folders. What a new target needs to be.

Run as `python -m tests.support.third_target WORDS`, it is skrt-hub's command line with one more entry in the table.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from skrt_hub.cli import main
from skrt_hub.context import Context
from skrt_hub.errors import StartError, StateError
from skrt_hub.files import ensure_folder
from skrt_hub.homes.on_machine import MachineHomes
from skrt_hub.hub.accounts import accounts_of
from skrt_hub.hub.names import Places
from skrt_hub.login.requests import carry_out
from skrt_hub.policy.erasing import Erased
from skrt_hub.policy.log_in import how_to_log_in, listed
from skrt_hub.report import CheckReport, Finding, Message, Participant, StatusReport, UpReport, VerifyReport
from skrt_hub.targets.guest import Guest
from skrt_hub.targets.protocol import DeleteOptions, Removal, Service
from skrt_hub.targets.registry import TARGETS
from skrt_hub.version import __version__


class ProgramTarget:
    """A hub that is Python's own web server (skrt_hub.targets.protocol.Target)."""

    def __init__(self, context: Context) -> None:
        self._context, self._settings, self._layout = context, context.settings, context.layout
        self._pid_file = self._layout.run / "program.pid"

    def check(self) -> CheckReport:
        return CheckReport(self._settings.target, (Finding("python", True, sys.version.split()[0]),))

    def up(self, *, foreground: bool = False) -> UpReport:
        ready: AbstractContextManager[object] = self._context.alone() if self._layout.root.exists() else self._made()
        with ready:
            changed = self._pid() is None
            if changed:
                self._start()
        lines = (how_to_log_in(self._settings),)
        return UpReport(self._settings.name, self._settings.url, changed, 0.0, lines)

    def _made(self) -> object:
        ensure_folder(self._layout.root, mode=0o700)
        return self._context.alone()

    def _start(self) -> None:
        for folder in (self._layout.run, self._layout.log, self._layout.hub, self._layout.homes):
            ensure_folder(folder, mode=0o700)
        for name in listed(self._settings):
            self._layout.home(Places(self._layout.folders).ensure(name).folder).mkdir(exist_ok=True)
        command = [sys.executable, "-m", "http.server", "--bind", self._settings.address, str(self._settings.port)]
        with (self._layout.log / "program.log").open("ab") as log:
            program = subprocess.Popen(command, stdout=log, stderr=log, cwd=self._layout.run, start_new_session=True)
        self._pid_file.write_text(str(program.pid))
        with self._context.progress.step("program: waiting for an answer"):
            for _ in range(600):
                if self._answers():
                    return
                time.sleep(0.05)
        raise StartError("The program did not start.", remedy="See: skrt-hub logs")

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(self._settings.url, timeout=5) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False

    def _pid(self) -> int | None:
        try:
            pid = int(self._pid_file.read_text())
            return pid if b"http.server" in Path(f"/proc/{pid}/cmdline").read_bytes() else None
        except (OSError, ValueError):
            return None

    def pack(self, folder: Path, *, kubernetes: str = "") -> tuple[str, ...]:
        return ()

    def status(self) -> StatusReport:
        state = "running" if self._pid() else "stopped" if self._pid_file.parent.exists() else "absent"
        url = self._settings.url if state == "running" else None
        name, target = self._settings.name, self._settings.target
        folder = self._layout.root
        return StatusReport(name, state, target, url, self._settings.login.kind, __version__, (), {}, folder)

    def open(self) -> str:
        return self._settings.url

    def close(self) -> Message:
        raise StateError("This hub cannot be closed.")

    def logs(self, part: str, *, lines: int, follow: bool) -> Iterator[str]:
        return iter((self._layout.log / "program.log").read_text().splitlines()[-lines:])

    def guest(self) -> AbstractContextManager[Guest]:
        raise NotImplementedError

    def verify(self, *, quick: bool) -> VerifyReport:
        return VerifyReport((), 0.0)

    def stop(self) -> Message:
        pid = self._pid()
        if pid is None:
            return Message(("The hub was stopped already.",))
        os.kill(pid, signal.SIGTERM)
        while self._pid() is not None:
            time.sleep(0.02)
        return Message(("The hub was stopped.",))

    def start(self) -> UpReport:
        return self.up()

    def service(self) -> Service:
        raise StateError("This hub has no service.")

    def show_datasets(self, names: Sequence[str]) -> tuple[str, ...]:
        return ()

    def hide_datasets(self, names: Sequence[str]) -> tuple[str, ...]:
        return ()

    def deliver(self) -> tuple[str, ...]:
        return ()

    def homes(self) -> MachineHomes:
        return MachineHomes(self._layout)

    def participants(self) -> tuple[Participant, ...]:
        with_password = accounts_of(self._layout).names()
        admins = self._settings.organisers
        return tuple(
            Participant(name, name in with_password, name in admins, False) for name in sorted(listed(self._settings))
        )

    def take_list(self) -> None:
        """Nobody is refused here."""

    def log_in_address(self) -> str:
        return self._settings.url

    def ask_accounts(self, action: str, *arguments: Any) -> Any:
        return carry_out(accounts_of(self._layout), action, *arguments)

    def remove_participant(self, name: str, *, free: bool = False) -> Message:
        accounts_of(self._layout).lock(name)
        return Message((f"{name} was removed.",))

    def erase_participant(self, name: str) -> Erased:
        raise NotImplementedError

    def end_server(self, name: str) -> None:
        """Nobody has a server here."""

    def start_server(self, name: str) -> None:
        raise StartError("There are no servers here.")

    def leave_message(self, text: str, names: Sequence[str]) -> tuple[str, ...]:
        return ()

    def delete_plan(self, options: DeleteOptions) -> tuple[Removal, ...]:
        return ()

    def ensure_no_loss(self, options: DeleteOptions) -> None:
        """Nothing is lost."""

    def delete(self, options: DeleteOptions) -> Message:
        return self.stop()


if __name__ == "__main__":
    TARGETS["program"] = ProgramTarget
    sys.exit(main())
