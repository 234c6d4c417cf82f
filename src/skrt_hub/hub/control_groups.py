"""Limits that the kernel enforces (cgroups, versions 1 and 2), where the hub may make groups; else there are none.

Without them the supervisor's watch (skrt_hub.targets.machine.watch) holds the memory limit. See cgroups(7) and the
kernel's Documentation/admin-guide/cgroup-v1 and cgroup-v2.
"""

from __future__ import annotations

import hashlib
import os
import time
from pathlib import Path

from skrt_hub.settings.limits import Limits

_ROOT = Path("/sys/fs/cgroup")
_PATIENCE, _PAUSE = 2.0, 0.05
_PERIOD = 100_000  # microseconds, the kernel's own default
# Each participant's share when all want the processors, against 1024 (version 1) or 100 (version 2) of the hub's parts:
# thirty people who start something in the same moment must not leave the hub a thirtieth of the time.
_SHARES = "256"
_WEIGHT = "25"


def version(root: Path = _ROOT, *, process: int | None = None) -> int | None:
    """Which version of cgroups this process, or another of the same user, may make groups in: 2, 1, or None."""
    if _unified_base(root, process) is not None:
        return 2
    return 1 if all(os.access(root / controller, os.W_OK) for controller in ("memory", "pids", "cpu")) else None


def ensure(state: Path, folder: str, limits: Limits, root: Path = _ROOT) -> tuple[str, ...]:
    """The groups for one participant, with their limits set; empty where the hub may not make any."""
    name = _name(state, folder)
    kind = version(root)
    if kind == 2:
        base = _unified_base(root)
        return () if base is None else _ensure_unified(base / name, limits)
    return _ensure_separate(root, name, limits) if kind == 1 else ()


def remove(state: Path, folder: str, root: Path = _ROOT, *, patience: float = _PATIENCE) -> None:
    """Remove a participant's groups; waits for their processes, which are counted until the kernel has cleared them up.

    A group that still has processes then stays, and the next start uses it again.
    """
    _remove([base / _name(state, folder) for base in _bases(root)], patience)


def remove_all(state: Path, root: Path = _ROOT, *, patience: float = _PATIENCE) -> None:
    """Remove every group of this hub in which nothing runs, also those of participants who are gone."""
    names = f"{beginning(state)}*"
    _remove([group for base in _bases(root) for group in base.glob(names)], patience)


def _bases(root: Path) -> list[Path]:
    return [base for base in (_unified_base(root), root / "memory", root / "pids", root / "cpu") if base is not None]


def _remove(groups: list[Path], patience: float) -> None:
    give_up = time.monotonic() + patience
    while True:
        groups = [group for group in groups if group.is_dir() and not _has_removed(group)]
        if not groups or time.monotonic() > give_up:
            return
        time.sleep(_PAUSE)


def _has_removed(group: Path) -> bool:
    try:
        group.rmdir()
    except OSError:
        return False
    return True


def times_killed(state: Path, folder: str, root: Path = _ROOT) -> int:
    """How often the kernel ended a process of this participant for memory; 0 where there is no group."""
    name = _name(state, folder)
    base = _unified_base(root)
    told = root / "memory" / name / "memory.oom_control" if base is None else base / name / "memory.events"
    try:
        counts = dict(line.split() for line in told.read_text(encoding="ascii").splitlines())
        return int(counts["oom_kill"])
    except (OSError, ValueError, KeyError):
        return 0


def beginning(state: Path) -> str:
    """How the names of all groups of this hub begin."""
    hub = hashlib.sha256(str(state).encode()).hexdigest()[:8]
    return f"skrt-hub-{hub}-"


def _name(state: Path, folder: str) -> str:
    return f"{beginning(state)}{folder}"


def _unified_base(root: Path, process: int | None = None) -> Path | None:
    """A version 2 group of our own below which groups with memory, pids and cpu can be made."""
    if not (root / "cgroup.controllers").exists():
        return None
    try:
        told = Path(f"/proc/{process or 'self'}/cgroup").read_text(encoding="ascii")
    except OSError:
        return None  # it has ended
    own = told.strip().splitlines()[-1].partition("::")[2]
    base = root / own.lstrip("/")
    for candidate in (base, base.parent):
        try:
            enabled = set((candidate / "cgroup.subtree_control").read_text(encoding="ascii").split())
        except OSError:
            continue
        if {"memory", "pids"} <= enabled and os.access(candidate, os.W_OK) and candidate != root:
            return candidate
    return None


def _ensure_unified(group: Path, limits: Limits) -> tuple[str, ...]:
    files = {
        "memory.max": str(limits.memory),
        "memory.swap.max": "0",  # what is swapped out is not counted: the limit could be passed by that
        "memory.oom.group": "0",
        "pids.max": str(limits.processes),
        "cpu.max": f"{int(limits.cpu * _PERIOD)} {_PERIOD}",
        "cpu.weight": _WEIGHT,
    }
    return (str(group),) if _make(group, files) else ()


def _ensure_separate(root: Path, name: str, limits: Limits) -> tuple[str, ...]:
    wanted = {
        "memory": {"memory.limit_in_bytes": str(limits.memory)},
        "pids": {"pids.max": str(limits.processes)},
        "cpu": {
            "cpu.cfs_period_us": str(_PERIOD),
            "cpu.cfs_quota_us": str(int(limits.cpu * _PERIOD)),
            "cpu.shares": _SHARES,
        },
    }
    return tuple(str(root / kind / name) for kind, files in wanted.items() if _make(root / kind / name, files))


def _make(group: Path, files: dict[str, str]) -> bool:
    try:
        group.mkdir(exist_ok=True)
        for name, value in files.items():
            if (group / name).exists():
                (group / name).write_text(value, encoding="ascii")
    except OSError:
        return False
    return True
