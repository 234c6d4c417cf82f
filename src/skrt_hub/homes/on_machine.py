"""Homes that are folders on this machine (skrt_hub.homes.access.Homes)."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

from skrt_hub.errors import PermissionsError
from skrt_hub.files import ensure_folder
from skrt_hub.homes.access import SHARED, File, Home, shared_home
from skrt_hub.homes.accounts import entries_in
from skrt_hub.homes.local import LocalHomes
from skrt_hub.hub import shared_folders
from skrt_hub.hub.accounts import accounts_of
from skrt_hub.hub.names import Places, folder_for
from skrt_hub.layout import Layout
from skrt_hub.login.names import order
from skrt_workspace.home import transfer


class MachineHomes(LocalHomes):
    """The folders below `homes/`."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._root = os.geteuid() == 0

    def all(self) -> list[Home]:
        shared = [shared_home(path.name) for path in shared_folders.folders_there(self._layout)]
        names = {place.folder: place.name for place in Places(self._layout.folders).all()}
        if not self._layout.homes.is_dir():
            return shared
        folders = [path.name for path in self._layout.homes.iterdir() if _is_home(path)]
        homes = [Home(names.get(folder, folder), folder) for folder in folders]
        return sorted((*homes, *shared), key=lambda home: order(home.name))

    def expected(self, name: str, folder: str) -> Home:
        if folder.startswith(SHARED):
            return Home(name, folder)
        # A home that was set aside has no name to log in with; it stays under its folder's name.
        return Home(name, folder if folder == name else folder_for(name))

    def prepare(self, home: Home) -> None:
        """The folder is made when something is written."""

    def path(self, home: Home) -> str | None:
        return self._path(home) if _is_home(Path(self._path(home))) else None

    def reading(self, home: Home, path: str) -> AbstractContextManager[File]:
        return transfer.reading(self._path(home), path)

    def digests(self, home: Home, paths: Iterable[str]) -> Iterator[tuple[str, str | None]]:
        if self.path(home) is None:
            return ((path, None) for path in paths)
        return transfer.digests(self._path(home), paths)

    def receive(self, home: Home, steps: Iterable[transfer.Step]) -> Iterator[transfer.Outcome]:
        owner = self._ensure(home)
        yield from transfer.receive(self._path(home), steps, owner)
        if home.is_shared and self._root:
            shared_folders.settle(Path(self._path(home)))
        os.sync()  # one for all files: a restore that a power loss interrupts is simply run again

    def close(self) -> None:
        """Nothing is held open."""

    def accounts(self) -> bytes:
        return self._layout.accounts.read_bytes() if self._layout.accounts.is_file() else b""

    def add_accounts(self, data: bytes, names: set[str]) -> int:
        saved = entries_in(data, names)
        if not saved:
            return 0
        ensure_folder(self._layout.root, mode=0o711 if self._root else 0o700)
        ensure_folder(self._layout.hub, mode=0o700)
        return accounts_of(self._layout).take_up(saved)

    def _path(self, home: Home) -> str:
        if home.is_shared:
            return os.fspath(self._layout.shared / home.folder.removeprefix(SHARED))
        return os.fspath(self._layout.home(home.folder))

    def _ensure(self, home: Home) -> int | None:
        """Make the home's folder as the spawner would; the user id that its files get, or None."""
        ensure_folder(self._layout.root, mode=0o711 if self._root else 0o700)
        ensure_folder(self._layout.homes, mode=0o711 if self._root else 0o700)
        ensure_folder(self._layout.hub, mode=0o700)
        if home.is_shared:
            folder = shared_folders.ensure(self._layout, home.folder.removeprefix(SHARED), root=self._root)
            return folder.stat().st_gid if self._root else None  # the group's own id, which is no person's
        owner = Places(self._layout.folders).ensure(home.name).uid if self._root else None
        if not self._root:
            Places(self._layout.folders).ensure(home.name)
        path = self._layout.home(home.folder)
        if path.is_symlink():
            raise PermissionsError(
                f"{path} is a link, and no home.", remedy="Move it away, then run the command again."
            )
        if not path.exists():
            path.mkdir(mode=0o700)
            if owner is not None:
                os.chown(path, owner, owner)
        return owner


def _is_home(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink() and not path.name.startswith(".")
