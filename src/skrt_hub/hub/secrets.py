"""The hub's secrets: made once, 0600, never shown; a damaged one is refused rather than replaced."""

from __future__ import annotations

import os
import re
import secrets
from dataclasses import dataclass
from pathlib import Path

from skrt_hub.errors import StateError
from skrt_hub.files import ensure_folder
from skrt_workspace import system

_NAMES = ("cookie", "proxy", "culler", "command", "page")


@dataclass(frozen=True)
class Secrets:
    """64 hexadecimal digits each: for cookies, for the proxy's interface, for the culler, the commands, and the
    organiser's page.
    """

    cookie: str
    proxy: str
    culler: str
    command: str
    page: str


def ensure_secrets(folder: Path) -> Secrets:
    """The secrets in `folder`; those that are missing are made. Raises StateError for a damaged one."""
    ensure_folder(folder, mode=0o700)
    return Secrets(**{name: _ensure(folder / name) for name in _NAMES})


def read_secrets(folder: Path) -> Secrets:
    """The secrets that `ensure_secrets` made before."""
    return Secrets(**{name: _read(folder / name) for name in _NAMES})


def _ensure(path: Path) -> str:
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | system.O_CLOEXEC, 0o600)
    except FileExistsError:
        return _read(path)
    with os.fdopen(handle, "w", encoding="ascii") as stream:
        stream.write(secrets.token_hex(32) + "\n")
        stream.flush()
        os.fsync(stream.fileno())
    system.sync_folder(path.parent)
    return _read(path)


def _read(path: Path) -> str:
    remedy = f"Remove {path} and run `skrt-hub up`: a new one is made, and everybody has to log in again."
    try:
        text = path.read_text(encoding="ascii").strip()
        mode = path.stat().st_mode & 0o777
    except (OSError, UnicodeDecodeError) as error:
        raise StateError(f"The secret {path} cannot be read.", why=str(error), remedy=remedy) from None
    if not re.fullmatch(r"[0-9a-f]{64}", text):
        raise StateError(f"The secret {path} is damaged.", why="It must hold 64 hexadecimal digits.", remedy=remedy)
    if mode & 0o077:
        raise StateError(
            f"The secret {path} can be read by others.", why=f"Its mode is {mode:o}.", remedy=f"Run: chmod 600 {path}"
        )
    return text
