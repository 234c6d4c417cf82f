"""A participant's folders on this machine: made before each start of their server, by the hub and by `audit`."""

from __future__ import annotations

import os
from pathlib import Path

from skrt_hub.files import ensure_folder
from skrt_hub.hub.names import Place
from skrt_hub.layout import Layout


def prepare_folders(layout: Layout, place: Place, *, root: bool) -> None:
    """The participant's home (0700, theirs) and the folder of the hub's messages to them."""
    home = layout.home(place.folder)
    new = not home.exists()
    ensure_folder(layout.homes, mode=0o711 if root else 0o700)
    if new:
        home.mkdir(mode=0o700)
        if root:
            os.chown(home, place.uid, place.uid)
    elif not home.is_symlink() and (mode := home.stat().st_mode & 0o7777) & 0o700 != 0o700:
        home.chmod(mode | 0o700)  # whoever locked the own home out of their own reach gets back in
    ensure_folder(layout.notices(place.folder), mode=0o755)
    ensure_folder(layout.log / "servers", mode=0o700)
    ensure_folder(layout.run / "servers", mode=0o700)


def server_record(layout: Layout, folder: str) -> Path:
    """The file that says which process is a participant's server, for the supervisor and `status`."""
    return layout.run / "servers" / f"{folder}.json"
