"""Shared data at /data/NAME, and groups' folders at /shared/NAME, in a container that allows no mounts: links, made by
the container's root.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from skrt_hub.hub import data_shown
from skrt_hub.hub.reach import in_container
from skrt_hub.layout import Layout
from skrt_hub.settings.model import Settings
from skrt_workspace.sandbox.document import SHARED_INSIDE

_PLACE = Path("/data")


def show_shared(settings: Settings, layout: Layout, place: Path = Path(SHARED_INSIDE)) -> None:
    """Let each shared folder be found at /shared/NAME. Who may enter it is said by its group."""
    if not in_container() or os.geteuid() != 0 or not (settings.shared or place.is_dir()):
        return
    place.mkdir(mode=0o755, exist_ok=True)
    wanted = {folder.name: layout.shared / folder.name for folder in settings.shared}
    for link in place.iterdir():
        if link.is_symlink() and wanted.get(link.name) != link.readlink():
            link.unlink()
    for name, folder in wanted.items():
        with contextlib.suppress(FileExistsError):
            (place / name).symlink_to(folder)


def show(settings: Settings, layout: Layout, place: Path = _PLACE) -> tuple[str, ...]:
    """Let each folder of `data`, and each set, be found at /data/NAME; returns those where something else stands."""
    if not in_container() or not place.is_dir():
        return ()
    wanted = data_shown.folders(settings, layout)
    for link in place.iterdir():
        if link.is_symlink() and link.name not in wanted:
            link.unlink()
    taken = []
    for name, folder in wanted.items():
        link = place / name
        if link.is_symlink():
            link.unlink()
        if link.exists():
            taken.append(name)
        else:
            link.symlink_to(folder)
    return tuple(name for name in taken if (place / name) != wanted[name])
