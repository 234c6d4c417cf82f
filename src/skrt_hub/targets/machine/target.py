"""The one-machine target: each verb in a few lines, the work in the modules beside it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import Any

from skrt_hub import watchdog
from skrt_hub.context import Context
from skrt_hub.errors import StateError, UsageError
from skrt_hub.files import read_json
from skrt_hub.homes import quota
from skrt_hub.homes.on_machine import MachineHomes
from skrt_hub.hub import control_groups, full, hub_yaml, identities, own_group
from skrt_hub.hub.applied import Applied, read_applied, write_applied
from skrt_hub.hub.certificate import authority_of
from skrt_hub.hub.reach import addresses_of
from skrt_hub.layout import Layout
from skrt_hub.login.accounts import Accounts
from skrt_hub.policy import log_in, own_config
from skrt_hub.policy.erasing import Erased
from skrt_hub.report import CheckReport, Message, Participant, StatusReport, UpReport, VerifyReport
from skrt_hub.seats_told import SeatsTold
from skrt_hub.snapshots import guard, schedule
from skrt_hub.snapshots.copies import copies_of
from skrt_hub.targets.guest import Guest
from skrt_hub.targets.machine import (
    checks,
    condition,
    control,
    data_links,
    delete,
    erasing,
    leftovers,
    participants,
    parts,
    reach_checks,
    seats,
    servers,
    service,
    up,
)
from skrt_hub.targets.machine.guest import guest
from skrt_hub.targets.machine.listeners import Kept
from skrt_hub.targets.machine.logs import read_log
from skrt_hub.targets.machine.records import running_servers
from skrt_hub.targets.machine.self_test import self_test
from skrt_hub.targets.machine.service import MachineService
from skrt_hub.targets.protocol import DeleteOptions, Removal
from skrt_hub.version import __version__


def make(context: Context) -> MachineTarget:
    """The target for one call of the command line."""
    return MachineTarget(context)


class MachineTarget:
    """A hub on this machine (skrt_hub.targets.protocol.Target)."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._layout = context.layout

    def check(self) -> CheckReport:
        running = control.ask(self._layout.control_socket, "status") is not None
        findings = checks.all_findings(self._context.settings, self._layout, running=running)
        reach = reach_checks.all_findings(self._context.settings, self._layout)
        return CheckReport("machine", (*findings, *reach, service.finding(self._context)))

    def up(self, *, foreground: bool = False) -> UpReport:
        return up.bring_up(self._context, supervise_here=_supervise_here if foreground else None)

    def start(self) -> UpReport:
        self._ensure_exists()
        return self.up()

    def pack(self, folder: Path, *, kubernetes: str = "") -> tuple[str, ...]:
        if kubernetes:
            raise UsageError(
                "This bundle is for a hub on one machine, which has no Kubernetes.",
                remedy="Leave --kubernetes out, or write `target: kubernetes` into hub.yaml.",
            )
        return ()

    def status(self) -> StatusReport:
        settings = self._context.settings
        applied = read_applied(self._layout)
        found = condition.look(self._layout, exists=applied is not None)
        answer = found.answer
        shown = applied.settings if applied else settings
        authority = authority_of(self._layout, shown).certificate
        changed = applied is not None and applied.settings != settings
        broken = [part for part in ("hub", "proxy") if answer and answer["components"][part] == "not running"]
        words = (
            found.note,
            *(answer.get("troubles", ()) if answer else ()),
            *(f"The {part} does not run, and nobody can log in. See: skrt-hub logs {part}" for part in broken),
            hub_yaml.CHANGED if changed else "",
            schedule.note(shown, self._layout),
            *(log_in.notes(Accounts(self._layout.accounts).notes()) if answer else ()),
            *(own_config.notes(read_json(self._layout.own_config)) if answer else ()),
            *identities.problems(self._layout),
            *full.full_disks(self._layout),
            *quota.full_shared(self._layout, shown),
            *servers.with_other_folders(self._layout, shown),
        )
        return StatusReport(
            name=shown.name,
            state=found.state,
            target="machine",
            url=addresses_of(shown)[0] if answer else None,
            addresses=addresses_of(shown) if answer else (),
            certificate_authority=authority if shown.tls.authority and authority.exists() else None,
            login=shown.login.kind,
            version=applied.version if applied else __version__,
            servers=servers.seen(self._layout, hub_runs=answer is not None),
            components=answer["components"] if answer else {},
            folder=self._layout.root,
            notes=tuple(filter(None, words)),
            seats=seats.told(self._layout, shown, runs=answer is not None),
        )

    def seats(self) -> SeatsTold:
        runs = condition.look(self._layout, exists=True).answer is not None
        return seats.told(self._layout, self._applied().settings, runs=runs)

    def make_seats_ready(self) -> None:
        self._ensure_running()
        if self._state() == "closed":
            raise StateError("The hub is closed.", remedy="Let people in with: skrt-hub open")
        seats.ask_now(self._layout)

    def open(self) -> str:
        self._ensure_running()
        applied = self._applied()
        control.ask(self._layout.control_socket, "open")
        up.wait_for_log_in(self._context, applied.settings)
        return addresses_of(applied.settings)[0]

    def close(self) -> Message:
        self._ensure_running()
        if self._state() == "closed":
            return Message(("Connections were disabled already.",))
        control.ask(self._layout.control_socket, "close")
        count = len(running_servers(self._layout))
        kept = f"{count} server{'s' * (count != 1)} and all kernels go on." if count else "No server runs."
        return Message(("Connections are disabled.", kept, "Enable them again with: skrt-hub open"))

    def logs(self, part: str, *, lines: int, follow: bool) -> Iterator[str]:
        self._ensure_exists()
        return read_log(self._layout, self._context.settings, part, lines=lines, follow=follow)

    def verify(self, *, quick: bool) -> VerifyReport:
        self._ensure_exists()
        return self_test(self._context, quick=quick)

    def guest(self) -> AbstractContextManager[Guest]:
        self._ensure_exists()
        return guest(self._context, self._applied())

    def stop(self) -> Message:
        self._ensure_exists()
        with self._context.alone():
            self._layout.stopped.touch(mode=0o600)
            return self._stop()

    def service(self) -> MachineService:
        self._ensure_exists()
        return MachineService(self._context, self.up, self._stop_for_reboot)

    def _stop_for_reboot(self) -> Message:
        with self._context.alone():
            return self._stop(as_before=True)

    def show_datasets(self, names: Sequence[str]) -> tuple[str, ...]:
        applied = read_applied(self._layout)
        if applied is None or not {*names} <= {entry.name for entry in applied.settings.datasets}:
            return ("Servers see it once hub.yaml is applied: skrt-hub up",)
        data_links.show(applied.settings, self._layout)
        return ("Servers that start from now on see it; one that runs does so after its next start.",)

    def hide_datasets(self, names: Sequence[str]) -> tuple[str, ...]:
        return ()

    def deliver(self) -> tuple[str, ...]:
        # Sandboxes show the hub's own folder: nothing is left to be done.
        return ("Running servers take what changed within seconds, others when they start.",)

    def homes(self) -> MachineHomes:
        return MachineHomes(self._layout)

    def participants(self) -> tuple[Participant, ...]:
        return participants.everyone(self._layout, self._applied())

    def take_list(self) -> None:
        applied = read_applied(self._layout)
        if applied is None:
            return  # `up` takes it
        with self._context.alone():
            participants.take_list(self._layout, self._context.settings)
            people = {"participants": self._context.settings.participants}
            write_applied(self._layout, replace(applied, settings=applied.settings.model_copy(update=people)))

    def log_in_address(self) -> str:
        return addresses_of(self._context.settings)[0]

    def ask_accounts(self, action: str, *arguments: Any) -> Any:
        self._applied()
        return participants.ask(self._layout, action, *arguments)

    def remove_participant(self, name: str, *, free: bool = False) -> Message:
        applied = self._applied()
        with self._context.alone():
            return participants.remove(self._layout, applied, name, free=free)

    def erase_participant(self, name: str) -> Erased:
        applied = self._applied()
        with self._context.alone():
            return erasing.erase(self._layout, applied, name)

    def end_server(self, name: str) -> None:
        self._ensure_running()
        servers.end(self._layout, name)

    def start_server(self, name: str) -> None:
        self._ensure_running()
        servers.start(self._layout, name)

    def leave_message(self, text: str, names: Sequence[str]) -> tuple[str, ...]:
        self._applied()
        return servers.leave_message(self._layout, text, names)

    def delete_plan(self, options: DeleteOptions) -> tuple[Removal, ...]:
        rows = delete.plan(self._layout, options)
        noted = service.where(self._context)
        return (*rows, Removal(f"what brings it back after a reboot: {noted}", None, removed=True)) if noted else rows

    def ensure_no_loss(self, options: DeleteOptions) -> None:
        if options.homes and options.copies and self._layout.root.exists():
            with copies_of(self._context, self.homes) as copies:
                guard.ensure_saved(copies)

    def delete(self, options: DeleteOptions) -> Message:
        with self._context.alone():
            service.take_out(self._context)
            self._stop()
            with copies_of(self._context, self.homes) as copies:
                places = copies.known_places()
                if options.homes and options.copies:
                    # People may have gone on working while the plan was read: look again, now that nobody can.
                    guard.ensure_saved(copies, read_again=False)
            done = delete.carry_out(self._layout, options)
            if options.homes and options.copies and places:
                restore = f"Saved copies are in {places[-1]}; after `up`: skrt-hub restore --from {places[-1]}"
                return Message((*done.lines, restore))
            return done

    def _stop(self, *, as_before: bool = False) -> Message:
        if condition.until_settled(self._layout) is None or (answer := self._ask_to_stop(as_before)) is None:
            self._layout.expected.unlink(missing_ok=True)
            left = leftovers.end_servers(self._layout)
            return Message((f"The hub was stopped already{f'; {left} servers were left, and ended' * bool(left)}.",))
        with self._context.progress.step("hub: ending servers and programs"):
            control.wait_gone(self._layout.control_socket)
            condition.wait_ended(self._layout)
        count = answer["servers"]
        ended = f", with {count} server{'s' * (count != 1)}" if count else ""
        return Message((f"The hub was stopped{ended}. Every file is kept; bring it back with: skrt-hub start",))

    def _ask_to_stop(self, as_before: bool) -> dict[str, Any] | None:
        return control.ask(self._layout.control_socket, "stop", as_before=as_before)

    def _state(self) -> str:
        answer = control.ask(self._layout.control_socket, "status")
        return str(answer["state"]) if answer else "stopped"

    def _ensure_exists(self) -> None:
        self._applied()

    def _applied(self) -> Applied:
        applied = read_applied(self._layout)
        if applied is None:
            raise StateError(
                f"There is no hub “{self._context.settings.name}”.",
                why=f"Nothing was set up in {self._layout.root}.",
                remedy="Set it up with: skrt-hub up",
            )
        return applied

    def _ensure_running(self) -> None:
        self._ensure_exists()
        if self._state() == "stopped":
            raise StateError("The hub does not run.", remedy="Start it with: skrt-hub start")


def _supervise_here(layout: Layout, kept: Kept) -> None:
    own_group.settle_if_left_to_us(control_groups.beginning(layout.root))
    watchdog.run_here(layout.root, parts.SUPERVISOR, kept, layout.watchdog_lock)
