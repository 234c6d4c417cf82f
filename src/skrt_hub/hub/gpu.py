"""The graphics cards of this machine, as files: what a sandbox must show so that programs can compute on them.

NVIDIA's driver makes `/dev/nvidia*`, AMD's `/dev/kfd` and `/dev/dri`, Windows' Linux (WSL 2) `/dev/dxg`. The driver's
libraries lie among the system's, which every sandbox shows; those that lie elsewhere are shown besides.
"""

from __future__ import annotations

import stat
from dataclasses import dataclass
from pathlib import Path

_CARDS = ("nvidia[0-9]*", "kfd", "dxg")
_BESIDE = ("nvidiactl", "nvidia-uvm", "nvidia-uvm-tools", "nvidia-modeset", "nvidia-caps/nvidia-cap*")
_OF_AMD = ("dri/renderD*",)
_DRIVERS = ("libcuda.so.1", "libhsa-runtime64.so.1")
_SYSTEM = ("usr/lib/*-linux-gnu", "usr/lib64", "usr/lib", "usr/lib/wsl/lib", "usr/local/nvidia/lib64", "usr/local/lib")
_ELSEWHERE = ("opt/rocm/lib", "run/opengl-driver/lib", "opt/nvidia/lib64")


@dataclass(frozen=True)
class Cards:
    """What is here. cards: one file for each; devices: all files that they need; libraries: folders to be shown too."""

    cards: tuple[str, ...] = ()
    devices: tuple[str, ...] = ()
    libraries: tuple[str, ...] = ()
    driver: bool = False


def found(root: Path = Path("/")) -> Cards:
    """The cards of the machine whose file system begins at `root`."""
    cards = _devices(root, _CARDS)
    if not cards:
        return Cards()
    beside = _devices(root, (*_BESIDE, *(_OF_AMD if (root / "dev/kfd").exists() else ())))
    elsewhere = [folder for name in _ELSEWHERE if _has_driver(folder := root / name)]
    driver = bool(elsewhere) or any(_has_driver(folder) for name in _SYSTEM for folder in root.glob(name))
    inside = tuple(f"/{folder.relative_to(root)}" for folder in elsewhere)
    return Cards(cards, (*cards, *beside), inside, driver)


def _devices(root: Path, names: tuple[str, ...]) -> tuple[str, ...]:
    files = sorted(path for name in names for path in (root / "dev").glob(name) if _is_device(path))
    return tuple(f"/{path.relative_to(root)}" for path in files)


def _is_device(path: Path) -> bool:
    return stat.S_ISCHR(path.stat().st_mode)


def _has_driver(folder: Path) -> bool:
    return any((folder / name).exists() for name in _DRIVERS)
