"""The limit for each home (`limits.home`): what a home holds is measured, and its server told.

Where the hub runs as root on a file system that keeps quotas, the kernel holds the limit (kernel_quota.py). Elsewhere
it is watched: what a participant reads in JupyterLab comes from the file written here, and nothing stops them. On
Kubernetes the volume's own size is the limit, and the participant's server watches it (skrt_workspace.home.space).
"""

from __future__ import annotations

import os
from pathlib import Path

from skrt_hub.files import ensure_folder, write_json
from skrt_hub.homes import kernel_quota
from skrt_hub.layout import Layout
from skrt_hub.settings.model import Settings
from skrt_workspace.home.space import USAGE
from skrt_workspace.home.walk import size_of


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


def _hold(home: Path, limit: int) -> bool:
    """Have the kernel hold the limit, where it can: each participant needs a user id of their own for that."""
    try:
        uid = home.lstat().st_uid
    except OSError:
        return False
    return os.geteuid() == 0 and uid != 0 and kernel_quota.set_limit(home, uid, limit)
