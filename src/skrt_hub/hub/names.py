"""From a participant's name to a home folder and a user id: distinct names never share either.

The folder is a pure function of the name, so that a home is found again even where the table below is lost.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from skrt_hub.errors import StateError
from skrt_hub.files import read_json, waiting_lock, write_json

_PLAIN = re.compile(r"[a-z][a-z0-9]{0,31}")
_DIGITS = re.compile(r"(?<=.)-[0-9a-f]{16}$")
# 1879048192 to 2147483647 are left free by Linux distributions (systemd's page on user and group ids). Each hub takes
# a slot of its own there, so that two hubs of one administrator do not share ids.
_FIRST_ID = 1_879_050_000
_IDS_IN_A_SLOT = 10_000
_SLOTS = 20_000
FIRST_GROUP = _FIRST_ID + _SLOTS * _IDS_IN_A_SLOT
"""Group ids of shared folders (skrt_hub.hub.shared_folders) lie behind the user ids, a slot for each hub again."""


@dataclass(frozen=True)
class Place:
    """Where a participant's work is kept, and as whom their processes run when the hub runs as root."""

    name: str
    folder: str
    uid: int


def folder_for(name: str) -> str:
    """The home folder's name for a participant's (normalised) name.

    Short plain names are their own folder. Others get a readable form and 16 digits of the SHA-256 of the name; as
    plain names have no hyphen, the two kinds cannot meet.
    """
    if _PLAIN.fullmatch(name):
        return name
    ascii_name = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    readable = re.sub(r"[^a-z0-9]+", "-", ascii_name.lower()).strip("-")[:32].strip("-")
    digits = hashlib.sha256(name.encode("utf-8")).hexdigest()[:16]
    return f"{readable}-{digits}" if readable else f"name-{digits}"


def short_folders(folders: Iterable[str]) -> dict[str, str]:
    """What each of these is called where people read the names: without the digits, where no other has that name."""
    short = {folder: _DIGITS.sub("", folder) for folder in folders}
    taken = Counter(short.values())
    return {folder: name if taken[name] == 1 and name != "name" else folder for folder, name in short.items()}


def slot(folder: Path) -> int:
    """The slot of ids of the hub that keeps its tables in this folder."""
    return int.from_bytes(hashlib.sha256(str(folder).encode()).digest()[:4], "big") % _SLOTS


def is_participants(uid: int) -> bool:
    """Whether this is a user id that some hub gives to participants."""
    return _FIRST_ID <= uid < FIRST_GROUP


class Places:
    """The table of all participants of one hub, in one file."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def all(self) -> tuple[Place, ...]:
        """Every participant known, in the order in which they came."""
        table = read_json(self._file)
        if table is None and self._file.exists():
            raise StateError(
                f"{self._file} is damaged.",
                why="It is not JSON. It says which participant has which folder and user id.",
                remedy="Put it back from a copy, or move it away: folders keep their names; user ids are given anew.",
            )
        return tuple(Place(**row) for row in (table or {}).get("participants", []))

    def find(self, name: str) -> Place | None:
        """The participant's place, or None for a name that never logged in."""
        return next((place for place in self.all() if place.name == name), None)

    def ensure(self, name: str) -> Place:
        """The participant's place; a new name is written into the table first."""
        found = self.find(name)
        if found is not None:
            return found
        with waiting_lock(self._file.with_suffix(".lock")):
            places = self.all()
            again = next((place for place in places if place.name == name), None)
            if again is not None:
                return again
            place = Place(name, folder_for(name), self._next_id(places))
            rows = [vars(known) for known in (*places, place)]
            write_json(self._file, {"participants": rows}, mode=0o600)
        return place

    def forget(self, name: str) -> None:
        """Take a participant out of the table, after their home was removed."""
        with waiting_lock(self._file.with_suffix(".lock")):
            rows = [vars(known) for known in self.all() if known.name != name]
            write_json(self._file, {"participants": rows}, mode=0o600)

    def _next_id(self, places: tuple[Place, ...]) -> int:
        first = _FIRST_ID + slot(self._file.parent) * _IDS_IN_A_SLOT
        used = max((place.uid for place in places), default=first - 1)
        if used + 1 >= FIRST_GROUP:
            raise StateError("No user id is left for a new participant.", remedy="Use a second hub, with another name.")
        return used + 1
