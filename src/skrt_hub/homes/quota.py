"""The limit for each home (`limits.home`): what a home holds is measured, and its server told.

Where the hub runs as root on a file system that keeps quotas, the kernel holds the limit (kernel_quota.py). Elsewhere
it is watched: what a participant reads in JupyterLab comes from the file written here, and nothing stops them. On
Kubernetes the volume's own size is the limit, and the participant's server watches it (skrt_workspace.home.space).
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from skrt_hub.files import ensure_folder, write_json
from skrt_hub.homes import kernel_quota
from skrt_hub.hub import shared_folders
from skrt_hub.layout import Layout
from skrt_hub.policy.sharing import is_full
from skrt_hub.report import human_size
from skrt_hub.settings.model import Settings
from skrt_workspace.home.space import USAGE
from skrt_workspace.home.walk import size_of
from skrt_workspace.shared_folders import FULL
from skrt_workspace.shared_folders import USAGE as SHARED_USAGE


def tell_usage(settings: Settings, layout: Layout, folder: str) -> int | None:
    """Measure one home and tell its server how much it holds and may hold. The bytes, or None where no limit is set."""
    limit = settings.limits.home
    home = layout.home(folder)
    file = layout.notices(folder) / USAGE
    if not limit:
        if file.exists():
            _hold(home, 0)
            file.unlink(missing_ok=True)
        return None
    used = size_of(home)
    held = _hold(home, limit)
    ensure_folder(layout.notices(folder), mode=0o755)
    write_json(file, {"used": used, "limit": limit, "held": held})
    return used


def look_at_shared(settings: Settings, layout: Layout) -> dict[str, dict[str, int]]:
    """Measure each shared folder, and have the kernel hold its limit where it can; for each, what it holds and may."""
    limits = {folder.name: folder.size for folder in settings.shared}
    found = {}
    for folder in shared_folders.folders_there(layout):
        limit = limits.get(folder.name, 0)
        gid = folder.lstat().st_gid
        if os.geteuid() == 0:
            shared_folders.settle(folder)
            if shared_folders.is_group(gid):
                kernel_quota.set_limit(folder, gid, limit, kernel_quota.GROUP)
        if limit:
            found[folder.name] = {"used": size_of(folder), "limit": limit}
    return found


def tell_shared(layout: Layout, folder: str, names: Iterable[str], found: Mapping[str, Mapping[str, int]]) -> None:
    """Tell one server how full its shared folders are: these names, of those that `look_at_shared` found."""
    told = {name: dict(found[name]) for name in names if name in found}
    file = layout.notices(folder) / SHARED_USAGE
    if told:
        ensure_folder(layout.notices(folder), mode=0o755)
        write_json(file, told)
    else:
        file.unlink(missing_ok=True)


def full_shared(layout: Layout, settings: Settings) -> list[str]:
    """A sentence for each shared folder that holds as much as it may, for `status`."""
    limits = {folder.name: folder.size for folder in settings.shared if folder.size}
    sentences = []
    for folder in shared_folders.folders_there(layout):
        limit = limits.get(folder.name, 0)
        if limit and (used := size_of(folder)) >= FULL * limit:
            sentences.append(is_full(f"/shared/{folder.name}", f": {human_size(used)} of {human_size(limit)}"))
    return sentences


def _hold(home: Path, limit: int) -> bool:
    """Have the kernel hold the limit, where it can: each participant needs a user id of their own for that."""
    try:
        uid = home.lstat().st_uid
    except OSError:
        return False
    return os.geteuid() == 0 and uid != 0 and kernel_quota.set_limit(home, uid, limit)
