"""What a place where a hub can run must be able to do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from skrt_hub.homes.access import Homes
from skrt_hub.policy.erasing import Erased
from skrt_hub.report import CheckReport, Message, Participant, Report, StatusReport, UpReport, VerifyReport
from skrt_hub.seats_told import SeatsTold
from skrt_hub.targets.guest import Guest


@dataclass(frozen=True)
class Removal:
    """One row of what `delete` would remove or keep."""

    what: str
    size: int | None
    removed: bool
    why: str = ""


@dataclass(frozen=True)
class DeleteOptions:
    """What the person who deletes asked for by name."""

    homes: bool = False
    copies: bool = True
    volumes: bool = False
    namespace: bool = False
    cluster: bool = False


class Service(Protocol):
    """What brings a hub back after a reboot of the machine that it runs on."""

    def install(self, config: Path | None) -> Message:
        """Have it come back from now on. `config`: the hub.yaml that was typed or found."""

    def remove(self) -> Message:
        """Leave that to whoever types `start`; what runs goes on."""

    def start(self) -> Report:
        """What the machine runs when it has started: bring the hub up, unless it was stopped by the command."""

    def stop(self) -> Message:
        """What the machine runs before it ends: end the hub in order, for it to come back as it was."""


class Target(Protocol):
    """A place where a hub can run. Every method raises a SkrtHubError for what a person can mend."""

    def check(self) -> CheckReport:
        """What the target needs and what was found; changes nothing."""

    def up(self, *, foreground: bool = False) -> UpReport:
        """Make the hub run as the settings say; what is right already is left alone."""

    def pack(self, folder: Path, *, kubernetes: str = "") -> tuple[str, ...]:
        """For a bundle, write into `folder` what this place takes beside skrt-hub; the images that are in it.

        None where participants' packages are installed on this machine itself: whoever makes the bundle packs these.
        `kubernetes` is the version there, where it is for a cluster.
        """

    def status(self) -> StatusReport:
        """What the hub is doing; changes nothing."""

    def open(self) -> str:
        """Allow connections and return the address for a browser."""

    def close(self) -> Message:
        """Disallow connections; servers, kernels and data stay."""

    def logs(self, part: str, *, lines: int, follow: bool) -> Iterator[str]:
        """The last lines of a part's log (hub, proxy or a participant's name), then, with `follow`, the new ones."""

    def verify(self, *, quick: bool) -> VerifyReport:
        """The self-test, run as a participant would."""

    def guest(self) -> AbstractContextManager[Guest]:
        """A throw-away participant with a server, removed at the end with all that was theirs."""

    def stop(self) -> Message:
        """End all processes cleanly; every file stays."""

    def start(self) -> UpReport:
        """Bring a stopped hub up again."""

    def service(self) -> Service:
        """The hub's service. Raises StateError where the place itself brings hubs back."""

    def deliver(self) -> tuple[str, ...]:
        """Bring material that was just prepared to servers that run and to those that start later; what was done."""

    def show_datasets(self, names: Sequence[str]) -> tuple[str, ...]:
        """Bring these fetched sets to where servers see them; what was done, and who sees them from when on."""

    def hide_datasets(self, names: Sequence[str]) -> tuple[str, ...]:
        """Remove what `show_datasets` made of these; what was done."""

    def homes(self) -> Homes:
        """The participants' homes, for saved copies, material and hand-ins."""

    def participants(self) -> tuple[Participant, ...]:
        """Everyone the hub knows."""

    def take_list(self) -> None:
        """Make the accounts follow the settings' list of participants, where there is a hub already."""

    def log_in_address(self) -> str:
        """The address that participants open: a name before a number, where there is one."""

    def ask_accounts(self, action: str, *arguments: Any) -> Any:
        """One question to the accounts, or one change of them; skrt_hub.login.requests says which there are."""

    def remove_participant(self, name: str, *, free: bool = False) -> Message:
        """End the server, lock the name, keep the home; `free`: move the home aside, and free the name."""

    def erase_participant(self, name: str) -> Erased:
        """Take a person out of all that this place keeps, as policy/erasing.py says; what was done, for a person."""

    def end_server(self, name: str) -> None:
        """End this participant's server, if it runs, and wait until it has ended."""

    def start_server(self, name: str) -> None:
        """Have this participant's server started; it need not be ready yet."""

    def seats(self) -> SeatsTold:
        """Which servers are started before their people come, and how that goes."""

    def make_seats_ready(self) -> None:
        """Have that begin now. Raises StateError where the hub does not run, or is closed."""

    def leave_message(self, text: str, names: Sequence[str]) -> tuple[str, ...]:
        """Have JupyterLab show a message to these people, or to everybody; the names for whom it was left."""

    def delete_plan(self, options: DeleteOptions) -> tuple[Removal, ...]:
        """What `delete` would remove, whether it may or not."""

    def ensure_no_loss(self, options: DeleteOptions) -> None:
        """Raises RefusedError where `delete` would lose something of value."""

    def delete(self, options: DeleteOptions) -> Message:
        """Carry the plan out."""
