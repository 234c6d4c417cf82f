"""The key of encrypted copies: one file that hub.yaml names, outside of the hub's own folder, and a second elsewhere.

Nothing replaces a lost key. So it is never made by the way, `delete` never removes it, and until a second copy of it
was shown to be right, each save and `status` say so.
"""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from skrt_hub.errors import CopyError, UsageError
from skrt_hub.files import ensure_folder, read_json, write_atomically, write_json
from skrt_hub.layout import Layout
from skrt_hub.settings.model import Settings
from skrt_hub.snapshots.repository import SEALED_FORMAT

_BEGIN = "skrt-hub-saves-key-1"
_SIZE, _CHECK = 32, 3
_WORDS = """\
# The key of saved copies, made by skrt-hub. Whoever has it can read them. Without it nobody can: nothing replaces it.
# Keep a second copy of this file (or this page, printed) in another place than the hub and its saved copies.
"""
ALONE = (
    "The key of the saved copies was seen in one place only. If {file} is lost, ALL SAVED COPIES ARE LOST. Copy it to "
    "another machine, a stick or paper, then show that the copy is right: skrt-hub saves key COPY"
)


@dataclass(frozen=True)
class SavesKey:
    """The key, and a name that tells which one it is without telling the key."""

    secret: bytes

    @property
    def name(self) -> str:
        return hashlib.sha256(b"skrt-hub saved copies: name of the key " + self.secret).hexdigest()[:16]


def sealed_mark(key: SavesKey) -> dict[str, Any]:
    """What a new place says of itself; the key's name tells which key opens it, and nothing of the key."""
    return {
        "format": SEALED_FORMAT,
        "what": "saved copies of homes, made by skrt-hub, encrypted",
        "cipher": "AES-256-GCM, HKDF-SHA256",
        "key": key.name,
    }


def make(file: Path, layout: Layout) -> SavesKey:
    """Write a new key to a file that is not there yet. Raises UsageError."""
    ensure_outside(file, layout)
    if file.exists() or file.is_symlink():
        raise UsageError(f"{file} exists already.", why="A key is never written over.", remedy="Name a new file.")
    key = SavesKey(secrets.token_bytes(_SIZE))
    write_atomically(file, f"{_WORDS}{_BEGIN}\n{_text(key.secret)}\n".encode(), mode=0o600)
    return key


def words(file: Path) -> tuple[str, ...]:
    """What a person does with a new key."""
    return (
        f"Use it for a new place: in hub.yaml, saves: {{place: ..., key: {file}}}, then: skrt-hub up",
        "Whoever has this file can read the saved copies. Without it NOBODY can, you neither: nothing replaces it.",
        "Copy it NOW to another machine, a stick or paper, then show that the copy is right: skrt-hub saves key COPY",
    )


def read(file: Path) -> SavesKey:
    """The key in a file, which may have been typed from paper. Raises CopyError."""
    try:
        text = file.expanduser().read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise CopyError(
            f"The key of the saved copies cannot be read: {file}.",
            why=f"{error.strerror}.",
            remedy="Name it, or its second copy, in hub.yaml: saves: {key: FILE}. Without it no copy can be read.",
        ) from None
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    letters = re.sub(r"[^A-Z2-7]", "", "".join(lines[1:]).upper())
    if not lines or lines[0].strip() != _BEGIN or (found := _secret(letters)) is None:
        raise CopyError(
            f"{file} is no key of saved copies, or has a mistake in it.",
            remedy="Compare it with its second copy, letter by letter.",
        )
    return SavesKey(found)


def key_of(settings: Settings, layout: Layout) -> SavesKey | None:
    """The key that hub.yaml names, or none. Raises CopyError, and UsageError where it lies in the hub's own folder."""
    if settings.saves.key is None:
        return None
    ensure_outside(settings.saves.key, layout)
    return read(settings.saves.key)


def ensure_outside(file: Path, layout: Layout) -> None:
    """Raises UsageError for a key in the hub's own folder: `delete` would remove it with the hub."""
    if file.expanduser().resolve().is_relative_to(layout.root.resolve()):
        raise UsageError(
            f"The key cannot lie in the hub's own folder ({layout.root}).",
            why="It would be lost together with the homes that the copies are for.",
            remedy="Name a file elsewhere.",
        )


def show_copy(copy: Path, settings: Settings, layout: Layout) -> None:
    """Note that a second copy of the key is right. Raises UsageError or CopyError where it is not."""
    if settings.saves.key is None:
        raise UsageError(
            "hub.yaml names no key of saved copies.",
            remedy="Make one: skrt-hub saves key FILE --make. Then name it in hub.yaml: saves: {key: FILE}",
        )
    named = settings.saves.key.expanduser()
    if copy.expanduser().exists() and named.exists() and copy.expanduser().samefile(named):
        raise UsageError(f"{copy} is the key itself.", remedy="Name its second copy, in another place.")
    key = read(named)
    if read(copy) != key:
        raise CopyError(f"{copy} holds another key than {named}.", remedy="Copy the file again.")
    ensure_folder(layout.saves, mode=0o700)
    write_json(_note(layout), {"key": key.name, "seen": datetime.now(UTC).isoformat()}, mode=0o600)


def warning(settings: Settings, layout: Layout) -> str:
    """What each save and `status` say until a second copy of the key was shown to be right; then nothing."""
    if settings.saves.key is None:
        return ""
    try:
        key = key_of(settings, layout)
    except (CopyError, UsageError) as error:
        return f"{error.what} Copies cannot be made or read without it."
    seen = read_json(_note(layout))
    if key is not None and isinstance(seen, dict) and seen.get("key") == key.name:
        return ""
    return ALONE.format(file=settings.saves.key)


def _note(layout: Layout) -> Path:
    return layout.saves / "key-seen.json"


def _text(secret: bytes) -> str:
    """Letters and digits in groups, with a check against slips of the pen."""
    letters = base64.b32encode(secret + hashlib.sha256(secret).digest()[:_CHECK]).decode("ascii").rstrip("=")
    return "-".join(letters[at : at + 4] for at in range(0, len(letters), 4))


def _secret(letters: str) -> bytes | None:
    try:
        data = base64.b32decode(letters)
    except ValueError:
        return None
    secret, check = data[:_SIZE], data[_SIZE:]
    return secret if len(data) == _SIZE + _CHECK and hashlib.sha256(secret).digest()[:_CHECK] == check else None
