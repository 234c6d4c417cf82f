"""How docker or podman is called for a hub in a container; nothing here does anything."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from pydantic import BaseModel

from skrt_hub.errors import UsageError
from skrt_hub.settings import container
from skrt_hub.settings.model import Settings

FOLDER = PurePosixPath("/hub")
"""Where the container has the folder of hub.yaml."""
VOLUME_AT = "/var/lib/skrt-hub"
LABEL = "skrt-hub.made-with"
"""On a container of ours: a hash of what it was made with."""
_ELSEWHERE = ("--config", "--state", "--target")


@dataclass(frozen=True)
class Place:
    """A hub in a container, as it is known from outside."""

    settings: Settings
    config: Path

    @property
    def name(self) -> str:
        """Of the container, and of the volume in which everything lies."""
        hub = self.settings.name
        return hub if hub.startswith("skrt-hub") else f"skrt-hub-{hub}"

    @property
    def folder(self) -> Path:
        return self.config.resolve().parent

    @property
    def config_inside(self) -> str:
        return str(FOLDER / self.config.name)


def run_words(place: Place, image: str, image_id: str) -> list[str]:
    """`docker run` and its options, with a label by which a change of any of them is noticed."""
    settings = place.settings
    words = ["--publish", f"{_host(settings.listen)}:{settings.port}:{settings.port}"]
    if settings.on_loopback:
        words += ["--env", f"{container.VARIABLE}={container.PLAIN}"]
    words += ["--mount", _mount("volume", place.name, VOLUME_AT), "--mount", _mount("bind", place.folder, FOLDER)]
    for path, written in outside(settings, place.folder):
        words += ["--mount", _mount("bind", path, path, *(() if written else ("readonly",)))]
    made_with = hashlib.sha256("\0".join([image_id, *words]).encode()).hexdigest()[:16]
    own = ["--name", place.name, "--label", f"{LABEL}={made_with}", "--restart", "unless-stopped"]
    return ["run", "--detach", *own, *words, image]


def _mount(kind: str, source: str | Path, target: str | Path | PurePosixPath, *options: str) -> str:
    """The value of `--mount`, a line of CSV: unlike that of `--volume` it can have paths with a colon."""
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow([f"type={kind}", f"source={source}", f"target={target}", *options])
    return line.getvalue()


def made_with(words: Sequence[str]) -> str:
    """The hash in the label of such words."""
    return next(word.removeprefix(f"{LABEL}=") for word in words if word.startswith(f"{LABEL}="))


def outside(settings: Settings, folder: Path) -> list[tuple[Path, bool]]:
    """The folders and files that hub.yaml names beyond its own folder, and whether the hub writes into them.

    The container has them under their own paths. Windows' paths do not exist there: UsageError.
    """
    found: dict[Path, bool] = {}
    if "://" not in settings.saves.place and Path(settings.saves.place).is_absolute():
        found[Path(settings.saves.place)] = True
    for path in _paths(settings):
        if path.is_absolute():
            found.setdefault(path, False)
    beyond = {path: written for path, written in found.items() if not path.is_relative_to(folder)}
    for path in beyond:
        if path.drive:
            raise UsageError(
                f"hub.yaml names {path}, which a container cannot have under that name.",
                remedy=f"Put it into the folder of hub.yaml, {folder}, and write its path from there.",
            )
    return sorted(beyond.items())


def inside(words: Sequence[str], values: Mapping[str, Any], place: Place, here: Path) -> list[str]:
    """A command as it is typed in the container: with its hub.yaml, and the paths that it has there.

    `values` is what the command line made of the words. Raises UsageError for a path that the container does not have.
    """
    paths = set(_given_paths(values))
    changed = []
    for word in _without_ours(words):
        option, equals, value = word.partition("=") if word.startswith("--") else ("", "", word)
        changed.append(f"{option}{equals}{_there(value, place, here)}" if value in paths else word)
    return ["skrt-hub", *changed, "--config", place.config_inside]


def _there(path: str, place: Place, here: Path) -> str:
    """Where the container has this path of the person's."""
    real = (here / path).resolve()
    if real.is_relative_to(place.folder):
        return str(FOLDER / real.relative_to(place.folder).as_posix())
    if any(real.is_relative_to(known) for known, _ in outside(place.settings, place.folder)):
        return real.as_posix()
    raise UsageError(
        f"The hub is in a container, which does not have {path}.",
        why=f"Of this computer's files it has the folder of hub.yaml, {place.folder}, and what hub.yaml names.",
        remedy="Name a file or folder in there.",
    )


def _without_ours(words: Sequence[str]) -> Iterator[str]:
    """The words without those options that say which hub is meant."""
    left = iter(words)
    for word in left:
        if word in _ELSEWHERE:
            next(left, None)
        elif word.partition("=")[0] not in _ELSEWHERE:
            yield word


def _given_paths(values: Mapping[str, Any]) -> Iterator[str]:
    for name, value in values.items():
        for one in value if isinstance(value, tuple | list) else (value,):
            folder_or_bucket = name in ("to", "source") and isinstance(one, str) and "://" not in one
            if isinstance(one, Path) or folder_or_bucket:
                yield str(one)


def _paths(section: Any) -> Iterator[Path]:
    """Every path in the settings."""
    if isinstance(section, Path):
        yield section
    elif isinstance(section, BaseModel):
        for name in type(section).model_fields:
            yield from _paths(getattr(section, name))
    elif isinstance(section, tuple):
        for item in section:
            yield from _paths(item)


def _host(address: str) -> str:
    return f"[{address}]" if ":" in address else address
