"""Shared data at /data/NAME in a container that allows no mounts: links, made by the container's root."""

from __future__ import annotations

from pathlib import Path

from skrt_hub.hub.reach import in_container
from skrt_hub.settings.model import Settings

_PLACE = Path("/data")


def show(settings: Settings, place: Path = _PLACE) -> tuple[str, ...]:
    """Let each folder of hub.yaml's `data` be found at /data/NAME; returns the names where something else stands."""
    if not in_container() or not place.is_dir():
        return ()
    wanted = {data.name: data.folder for data in settings.data}
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
