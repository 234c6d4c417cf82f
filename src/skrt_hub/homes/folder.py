"""Saved homes brought into a folder of the organiser's, as `restore --into` does (skrt_hub.homes.access.Homes)."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

from skrt_hub.errors import RefusedError
from skrt_hub.files import ensure_folder, named_with
from skrt_hub.homes.access import File, Home
from skrt_hub.homes.local import LocalHomes
from skrt_workspace import system
from skrt_workspace.home import transfer


class FolderHomes(LocalHomes):
    """One folder a home below `root`, owned by whoever runs the command."""

    def __init__(self, root: Path) -> None:
        self.root = root.expanduser().absolute()

    def all(self) -> list[Home]:
        return []

    def expected(self, name: str, folder: str) -> Home:
        return Home(name, folder)

    def prepare(self, home: Home) -> None:
        """The folder is made when something is written."""

    def path(self, home: Home) -> str | None:
        path = self.root / home.folder
        if path.is_symlink():
            raise RefusedError(f"{path} is a link.", remedy="Name another folder with --into.")
        return os.fspath(path) if path.is_dir() else None

    def reading(self, home: Home, path: str) -> AbstractContextManager[File]:
        return transfer.reading(os.fspath(self.root / home.folder), path)

    def digests(self, home: Home, paths: Iterable[str]) -> Iterator[tuple[str, str | None]]:
        folder = self.root / home.folder
        return transfer.digests(os.fspath(folder), paths) if folder.is_dir() else ((path, None) for path in paths)

    def receive(self, home: Home, steps: Iterable[transfer.Step]) -> Iterator[transfer.Outcome]:
        with named_with("--into"):
            ensure_folder(self.root, mode=0o700)
            ensure_folder(self.root / home.folder, mode=0o700)
        yield from transfer.receive(os.fspath(self.root / home.folder), steps)
        system.sync()

    def close(self) -> None:
        """Nothing is held open."""

    def accounts(self) -> bytes:
        return b""

    def add_accounts(self, data: bytes, names: set[str]) -> int:
        return 0
