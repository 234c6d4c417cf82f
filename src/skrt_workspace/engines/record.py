"""The record beside a registration's result: all that is needed to do the same again, and what came out.

It is written by the command `elastix` itself, so that every registration has one, however it was started."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import re
import site
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from skrt_workspace.engines.arguments import Arguments
from skrt_workspace.engines.parameters import Parameters

NAME = "registration.json"
FORMAT = 1
INPUTS = ("-f", "-m", "-fMask", "-mMask")
FILES = ("-t0", "-fp", "-mp")
_PIECE = 1 << 20


def sha256_of(path: Path) -> str:
    """The hash of a file's content."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while piece := stream.read(_PIECE):
            digest.update(piece)
    return digest.hexdigest()


def transform_hash(file: Path) -> str:
    """The hash of the numbers of a transform parameter file: names of files in it may differ."""
    found = re.search(r"^\(TransformParameters (.*)\)\s*$", file.read_text(encoding="utf-8"), re.MULTILINE)
    return hashlib.sha256((found.group(1) if found else "").encode()).hexdigest()


def packages_hash() -> str:
    """One hash over the names and versions of all packages here: two environments with one hash hold the same."""
    folders = {Path(folder) for folder in (*site.getsitepackages(), *sys.path) if folder.endswith("-packages")}
    names = sorted({path.name for folder in folders if folder.is_dir() for path in folder.glob("*.dist-info")})
    return hashlib.sha256("\n".join(names).encode()).hexdigest()


def inputs_of(arguments: Arguments) -> dict[str, dict[str, str]]:
    """Every input's path and hash by its key on the command line; taken before the run, which may replace one."""
    keys = [f"{key}{number or ''}" for key in INPUTS for number in range(len(arguments.numbered(key)))]
    given = {key: arguments.get(key) or arguments.get(f"{key}0") for key in (*keys, *FILES)}
    return {
        key: {"path": str(Path(path).absolute()), "sha256": sha256_of(Path(path))}
        for key, path in given.items()
        if path is not None and Path(path).is_file()
    }


def write(
    folder: Path,
    *,
    engine: Mapping[str, Any],
    inputs: Mapping[str, Any],
    maps: Sequence[Parameters],
    images: Mapping[str, str],
    seconds: float,
) -> None:
    """Write the record. `maps` are the parameters as they were used, `images` the hashes of the results' voxels."""
    transforms = sorted(folder.glob("TransformParameters.*.txt"))
    document = {
        "format": FORMAT,
        "engine": dict(engine),
        "inputs": dict(inputs),
        "parameters": [{name: list(values) for name, values in each.items()} for each in maps],
        "results": {
            "transforms": {file.name: transform_hash(file) for file in transforms if ".R" not in file.name},
            "images": dict(images),
        },
        "machine": {"type": platform.machine(), "processors": os.cpu_count(), "packages_sha256": packages_hash()},
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
        "seconds": round(seconds, 2),
    }
    partial = folder / f".{NAME}"
    partial.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    partial.replace(folder / NAME)
