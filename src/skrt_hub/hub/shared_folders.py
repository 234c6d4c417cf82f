"""The folders that groups share, on this machine: made for several user ids, given at a start, kept everybody's.

Where the hub runs as root, each folder has a group id of its own, which the servers of its people get. The folder
itself says which: there is no table that could be lost. See docs/explanation/shared-folders.md.
"""

from __future__ import annotations

import contextlib
import os
import stat
import struct
from collections.abc import Iterable
from pathlib import Path

from skrt_hub.errors import PermissionsError
from skrt_hub.files import ensure_folder, waiting_lock
from skrt_hub.hub.accounts import accounts_of
from skrt_hub.hub.applied import Applied
from skrt_hub.hub.names import FIRST_GROUP, is_participants, slot
from skrt_hub.layout import Layout
from skrt_hub.login.sharing import READ, WRITE, folders_of
from skrt_hub.settings.model import Settings
from skrt_workspace.home.walk import Folder, Walk
from skrt_workspace.sandbox.document import SHARED_INSIDE, Shared

_GROUPS_IN_A_SLOT = 1_000
_LAST_GROUP = FIRST_GROUP + 20_000 * _GROUPS_IN_A_SLOT
_MODE = 0o2770
_TO_LOOK = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_ACL = "system.posix_acl_default"
# acl(5), as the kernel keeps it: version 2; then owner, group and all others, each with what they may do.
_FOR_THE_GROUP = struct.pack("<I", 2) + b"".join(
    struct.pack("<HHI", who, may, 0xFFFFFFFF) for who, may in ((0x01, 7), (0x04, 7), (0x20, 0))
)


def given(settings: Settings, layout: Layout, name: str) -> dict[str, str]:
    """The shared folders that this participant has now, each with what they may do there (skrt_hub.login.sharing)."""
    if not settings.shared:
        return {}
    return folders_of(accounts_of(layout).find(name) or {}, [folder.model_dump() for folder in settings.shared])


def prepared(applied: Applied, layout: Layout, name: str) -> tuple[Shared, ...]:
    """The same for a start of their server: made where they are not there yet."""
    return tuple(
        _shown(ensure(layout, folder, root=applied.root), may, root=applied.root)
        for folder, may in given(applied.settings, layout, name).items()
    )


def _shown(folder: Path, may: str, *, root: bool) -> Shared:
    gid = folder.stat().st_gid if root else None
    return Shared(str(folder), f"{SHARED_INSIDE}/{folder.name}", may == WRITE, gid)


def as_noted(shared: Iterable[Shared]) -> dict[str, str]:
    """What a server got, for its record."""
    return {Path(folder.inside).name: WRITE if folder.write else READ for folder in shared}


def ensure(layout: Layout, name: str, *, root: bool) -> Path:
    """The folder, made where it is not there yet. Raises PermissionsError for what is none."""
    ensure_folder(layout.shared, mode=0o711 if root else 0o700)
    folder = layout.shared / name
    ensure_folder(layout.hub, mode=0o700)
    with waiting_lock(layout.hub / "shared.lock"):
        if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
            raise PermissionsError(f"{folder} is no folder.", remedy="Move it away, then start the server again.")
        folder.mkdir(mode=0o700, exist_ok=True)
        if root:
            _give_to_group(folder, layout)
    return folder


def _give_to_group(folder: Path, layout: Layout) -> None:
    found = folder.stat()
    if not is_group(found.st_gid):
        gid = _next_group(layout)
        os.chown(folder, gid, gid)
    if stat.S_IMODE(found.st_mode) != _MODE:
        folder.chmod(_MODE)
    _open_to_group(folder)


def is_group(gid: int) -> bool:
    """Whether this is a group id that some hub gives to shared folders."""
    return FIRST_GROUP <= gid < _LAST_GROUP


def _next_group(layout: Layout) -> int:
    """A group id that no shared folder of this hub has; those that were deleted had their files deleted with them."""
    taken = {path.lstat().st_gid for path in layout.shared.iterdir()}
    first = FIRST_GROUP + slot(layout.hub) * _GROUPS_IN_A_SLOT
    return next(gid for gid in range(first, first + _GROUPS_IN_A_SLOT) if gid not in taken)


def _open_to_group(folder: Path | int) -> None:
    """New files are the group's, whatever umask made them; on a file system that has no such lists `settle` does it."""
    with contextlib.suppress(OSError):
        if _access_list(folder) != _FOR_THE_GROUP:
            os.setxattr(folder, _ACL, _FOR_THE_GROUP)


def _access_list(folder: Path | int) -> bytes:
    try:
        return os.getxattr(folder, _ACL)
    except OSError:
        return b""


def settle(folder: Path) -> int:
    """As root: give to the group what a program made for its owner alone; how many files and folders those were.

    SECURITY: people work there meanwhile. Everything is opened from the folder above it without following a link,
    looked at through its descriptor and changed through it, and only where it is a participant's and has no other name.
    """
    changed = 0
    try:
        gid = folder.lstat().st_gid
        if not is_group(gid):
            return 0
        for step in Walk(folder):
            if not isinstance(step, Folder):
                continue
            changed += _settle_folder(step.handle, gid)
            folders = set(step.folders)
            for name in step.names:
                if name not in folders:
                    changed += _settle_file(step.handle, name, gid)
    except OSError:
        return changed  # the folder is gone, or is none
    return changed


def _settle_folder(handle: int, gid: int) -> bool:
    found = os.fstat(handle)
    mode = stat.S_IMODE(found.st_mode)
    wanted = (mode | 0o2070) & ~0o5000
    if not _is_ours(found, gid):
        return False
    _open_to_group(handle)
    return _change(handle, found, gid, wanted)


def _settle_file(above: int, name: str, gid: int) -> bool:
    try:
        seen = os.stat(name, dir_fd=above, follow_symlinks=False)
        if not stat.S_ISREG(seen.st_mode) or not _needs(seen, gid):
            return False
        handle = os.open(name, _TO_LOOK, dir_fd=above)
    except OSError:
        return False  # gone by now, or something else
    try:
        found = os.fstat(handle)
        if not stat.S_ISREG(found.st_mode) or found.st_nlink != 1 or not _is_ours(found, gid):
            return False
        return _change(handle, found, gid, _for_group(found))
    finally:
        os.close(handle)


def _for_group(found: os.stat_result) -> int:
    """The mode with which the group may do what the owner may; rights of others' programs are taken away."""
    mode = stat.S_IMODE(found.st_mode)
    return (mode | (mode & 0o700) >> 3) & 0o777


def _needs(found: os.stat_result, gid: int) -> bool:
    return found.st_gid != gid or stat.S_IMODE(found.st_mode) != _for_group(found)


def _is_ours(found: os.stat_result, gid: int) -> bool:
    return is_participants(found.st_uid) or found.st_uid == gid


def _change(handle: int, found: os.stat_result, gid: int, mode: int) -> bool:
    if found.st_gid == gid and stat.S_IMODE(found.st_mode) == mode:
        return False
    with contextlib.suppress(OSError):  # a read-only disk
        os.fchown(handle, -1, gid)
        os.fchmod(handle, mode)
        return True
    return False


def folders_there(layout: Layout) -> tuple[Path, ...]:
    """Every shared folder, also those that hub.yaml does not name any more."""
    if not layout.shared.is_dir():
        return ()
    return tuple(sorted(path for path in layout.shared.iterdir() if path.is_dir() and not path.is_symlink()))
