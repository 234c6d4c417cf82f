"""When a disk or a volume counts as full, and what is said of it: room and numbers of files alike."""

from __future__ import annotations

from skrt_hub.report import human_size

_LITTLE = 50_000_000
_FEW = 500


def too_little(size: int, free: int, files: int, free_files: int, *, remedy: str = "Remove files there") -> str:
    """What is said of a file system of `size` bytes and `files` files (0: any number); nothing where it has room."""
    if free < _LITTLE and free < size / 10:
        return f"{human_size(free)} are left. {remedy}; nothing of the hub has to be started again"
    if files and free_files < _FEW:
        return f"it can hold only {free_files} more files, whatever their size. Remove many small ones"
    return ""
