"""The homes of a hub, wherever they are: listed, scanned, read and written through one Protocol.

On one machine they are folders, on Kubernetes volumes; each target says what reaches its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from skrt_workspace.home.content import Part
from skrt_workspace.home.packages import Installed, SetAside
from skrt_workspace.home.scan import Entry
from skrt_workspace.home.transfer import Facts, Outcome, Step

SHARED = "shared."
"""How the folders of shared folders begin in saved copies; no participant's folder has a full stop."""


@dataclass(frozen=True)
class Home:
    """One participant's home: the name it belongs to, and the name of its folder in saved copies.

    A folder that a group shares is one, too, for all that keeps homes: its name is its path, `/shared/NAME`.
    """

    name: str
    folder: str

    @property
    def is_shared(self) -> bool:
        """Whether it belongs to a group, and to no participant."""
        return self.folder.startswith(SHARED)


def shared_home(name: str) -> Home:
    """The shared folder of this name."""
    return Home(f"/shared/{name}", f"{SHARED}{name}")


def of_people(homes: Homes) -> list[Home]:
    """The homes that are a participant's."""
    return [home for home in homes.all() if not home.is_shared]


class File(Protocol):
    """A file that is being read; `facts` are from when it was opened."""

    facts: Facts

    def pieces(self) -> Iterator[Part]:
        """Its content, in pieces of `content.PIECE` bytes."""

    @property
    def settled(self) -> bool:
        """After the last piece: whether it stayed the same meanwhile."""


class Homes(Protocol):
    """All homes of one hub. Methods raise a SkrtHubError where homes cannot be reached."""

    def all(self) -> list[Home]:
        """Every home there is, in order of names; shared folders, too."""

    def expected(self, name: str, folder: str) -> Home:
        """The home that `name` has or would have here; it need not exist yet."""

    def prepare(self, home: Home) -> None:
        """Before a restore: make a home exist where only starting its server can."""

    def scan(self, home: Home) -> Iterator[Entry]:
        """Everything in the home; nothing where it does not exist yet."""

    def path(self, home: Home) -> str | None:
        """Its folder on this machine; None where it is elsewhere, or does not exist yet."""

    def reading(self, home: Home, path: str) -> AbstractContextManager[File]:
        """Open one file. Raises OSError where it is gone by now."""

    def digests(self, home: Home, paths: Iterable[str]) -> Iterator[tuple[str, str | None]]:
        """The SHA-256 of each file, None for what is no readable regular file."""

    def naming_patients(self, home: Home) -> list[str]:
        """Paths of the files whose beginning tells who a patient is (skrt_workspace.home.patients)."""

    def packages(self, home: Home) -> Installed:
        """What was installed into the home with pip (skrt_workspace.home.packages)."""

    def set_packages_aside(self, home: Home) -> SetAside:
        """Give the folders of these packages other names, so that nothing sees them any more."""

    def receive(self, home: Home, steps: Iterable[Step]) -> Iterator[Outcome]:
        """Write into the home, which is made where it does not exist."""

    def close(self) -> None:
        """Let go of what was opened to reach the homes."""

    def accounts(self) -> bytes:
        """The log-in accounts, to be saved with the homes; empty where there are none."""

    def add_accounts(self, data: bytes, names: set[str]) -> int:
        """Take up the saved accounts of those of `names` that have none here; how many those were."""


def several_at_once(homes: Homes) -> bool:
    """Whether several files of these homes may be read at the same time, by several threads."""
    return bool(getattr(homes, "at_once", False))
