"""Collections of notebooks that hub.yaml may name in `material`: where they are, at which version, what each needs.

Nothing of a collection is kept here; its files are fetched from its repository or from a local clone of it."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Needs = Literal["nothing", "download", "own data"]
"""What a notebook needs to run: nothing more, a data set that it downloads itself, or data that is not public."""


@dataclass(frozen=True)
class Notebook:
    """A notebook of a collection. `data` names the data set; `size_gb` is the size of its download (0: none).

    memory_gb: what a server with it was seen to take at most; seconds: how long all its cells took (0: not measured).
    """

    file: str
    title: str
    needs: Needs
    data: str = ""
    size_gb: float = 0.0
    note: str = ""
    memory_gb: float = 0.0
    seconds: int = 0


@dataclass(frozen=True)
class Collection:
    """A repository's folder of notebooks. `at` is a tag, `commit` what the tag was when it was tried."""

    name: str
    title: str
    repository: str
    at: str
    commit: str
    folder: str
    notebooks: tuple[Notebook, ...]


def load(folder: Path = Path(__file__).parent) -> dict[str, Collection]:
    """All collections by name, one for each TOML file of the folder. Raises TypeError for a file with unknown keys."""
    found = {}
    for file in sorted(folder.glob("*.toml")):
        content = tomllib.loads(file.read_text(encoding="utf-8"))
        notebooks = tuple(Notebook(**entry) for entry in content.pop("notebooks"))
        found[file.stem] = Collection(name=file.stem, notebooks=notebooks, **content)
    return found


COLLECTIONS = load()
