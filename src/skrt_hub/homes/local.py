"""What homes that are folders of this machine have in common, whoever owns them (skrt_hub.homes.access.Homes)."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator

from skrt_hub.homes.access import Home
from skrt_workspace.home.packages import Installed, SetAside, installed, set_aside
from skrt_workspace.home.patients import files_naming_patients
from skrt_workspace.home.scan import Entry, scan


class LocalHomes(ABC):
    """A folder for each home; a home that has none yet is an empty one."""

    at_once = True

    @abstractmethod
    def path(self, home: Home) -> str | None:
        """The home's folder, or None where there is none."""

    def scan(self, home: Home) -> Iterator[Entry]:
        folder = self.path(home)
        return iter(()) if folder is None else scan(folder)

    def naming_patients(self, home: Home) -> list[str]:
        folder = self.path(home)
        return [] if folder is None else list(files_naming_patients(folder))

    def packages(self, home: Home) -> Installed:
        folder = self.path(home)
        return Installed() if folder is None else installed(folder)

    def set_packages_aside(self, home: Home) -> SetAside:
        folder = self.path(home)
        return SetAside() if folder is None else set_aside(folder)
