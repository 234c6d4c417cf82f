"""The sets that are known by name: what they are, whose, and where their files lie."""

from __future__ import annotations

import csv
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources

from skrt_hub.errors import SettingsError
from skrt_hub.likeness import meant


@dataclass(frozen=True)
class Series:
    """One folder of a bucket: an image, or a structure set, or a dose."""

    patient: str
    modality: str
    folder: str
    files: int
    size: int


@dataclass(frozen=True)
class Known:
    """One set. top: the folder that must be in it, as notebooks look for it."""

    name: str
    title: str
    licence: str
    citation: str
    bucket: str = ""
    doi: str = ""
    bytes: int = 0
    top: str = ""

    def series(self, patients: int = 0) -> tuple[Series, ...]:
        """Its folders, of the first `patients` people or of all."""
        if not self.bucket:
            return ()
        text = resources.files(__package__).joinpath(f"{self.name}.csv").read_text(encoding="ascii")
        rows = [
            Series(row["patient"], row["modality"], row["series"], int(row["files"]), int(row["bytes"]))
            for row in csv.DictReader(text.splitlines())
        ]
        first = list(dict.fromkeys(row.patient for row in rows))[: patients or None]
        return tuple(row for row in rows if row.patient in first)

    def size(self, patients: int = 0) -> int:
        return self.bytes or sum(row.size for row in self.series(patients))


@cache
def known_sets() -> dict[str, Known]:
    """All of them, by name."""
    table = tomllib.loads(resources.files(__package__).joinpath("sets.toml").read_text(encoding="utf-8"))
    return {name: Known(name, **facts) for name, facts in table.items()}


def find(name: str) -> Known:
    """The known set of this name. Raises SettingsError."""
    found = known_sets().get(name)
    if found is None:
        raise SettingsError(
            f"datasets: there is no known set {name!r}, and it has no source.",
            why=f"Known are: {', '.join(known_sets())}.",
            remedy=f"{meant(name, known_sets())}Write one of these, or give the set a url, a doi, a folder or an s3.",
        )
    return found
