"""Run a registration again from its record, and say whether the same came out, or by how much and where it differs."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from os import PathLike
from pathlib import Path
from typing import Any

from skrt_workspace.engines import exact, record

_POINTS_EACH_WAY = 7


class RepeatError(Exception):
    """A record that cannot be run again; the message says why."""


@dataclass(frozen=True)
class Repetition:
    """How a registration that was run again compares with its record.

    :ivar same: whether transforms and images are the same, bit by bit.
    :ivar largest_mm: the largest distance between the two answers at points all over the fixed image.
    :ivar where: that point (x, y, z in mm, DICOM's directions).
    :ivar changed: what is not as it was: engine, packages, type of machine.
    :ivar tolerance_mm: how far apart the two may be.
    """

    same: bool
    largest_mm: float
    where: tuple[float, ...]
    changed: tuple[str, ...]
    folder: Path | None = None
    tolerance_mm: float = 0.0

    @property
    def agrees(self) -> bool:
        """Whether it is the same, or within the tolerance."""
        return self.same or self.largest_mm <= self.tolerance_mm

    def __str__(self) -> str:
        if self.same:
            text = "The same, bit by bit."
        else:
            place = ", ".join(f"{number:.0f}" for number in self.where)
            text = f"Different by at most {self.largest_mm:.3g} mm, at ({place}) mm"
            word = "within" if self.agrees else "more than"
            text += f": {word} the tolerance of {self.tolerance_mm:g} mm." if self.tolerance_mm else "."
        return " ".join([text, *(f"Not as it was: {one}." for one in self.changed)])


def repeat(
    recorded: str | PathLike[str], folder: str | PathLike[str] | None = None, *, tolerance_mm: float = 0.0
) -> Repetition:
    """Run the registration of a record (registration.json, or the folder with it) again, and compare.

    :param folder: where the new result is kept; without it, it is thrown away.
    :param tolerance_mm: how far apart the two may be, for another type of processor or another version of the engine,
        which round in another way.
    :raises RepeatError: where there is no such record, or an input is gone or has changed.
    """
    file = Path(recorded)
    file = file / record.NAME if file.is_dir() else file
    document = _with_whole_paths(read_record(file), file.parent)
    _check_inputs(document)
    if folder is not None:
        Path(folder).mkdir(parents=True, exist_ok=True)
        found = _repeat(document, file.parent, Path(folder), kept=True)
        return replace(found, tolerance_mm=tolerance_mm)
    with tempfile.TemporaryDirectory(prefix="repeat-") as scratch:
        found = _repeat(document, file.parent, Path(scratch), kept=False)
        return replace(found, tolerance_mm=tolerance_mm)


def read_record(file: Path) -> dict[str, Any]:
    """What the record says. Raises RepeatError for a file that is none."""
    try:
        document: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        known = document["format"] == record.FORMAT and document["engine"]["name"] == "elastix"
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RepeatError(f"{file} is no record of a registration: {error}") from error
    if not known:
        raise RepeatError(f"{file} is of another format, or of another engine, than can be run again here.")
    return document


def _with_whole_paths(document: dict[str, Any], folder: Path) -> dict[str, Any]:
    """A record that has travelled names its inputs by where they lie beside it."""
    inputs = {
        key: {**given, "path": str(folder.absolute() / given["path"])} for key, given in document["inputs"].items()
    }
    return {**document, "inputs": inputs}


def _check_inputs(document: Mapping[str, Any]) -> None:
    for key, given in document["inputs"].items():
        path = Path(given["path"])
        if not path.is_file():
            raise RepeatError(f"The input {key} is no longer at {path}. Put it back, or change its path in the record.")
        if record.sha256_of(path) != given["sha256"]:
            raise RepeatError(f"The input {key}, {path}, is not what it was when the record was written.")


def _repeat(document: Mapping[str, Any], before: Path, folder: Path, *, kept: bool) -> Repetition:
    words = [word for key, given in document["inputs"].items() for word in (key, given["path"])]
    for number, parameters in enumerate(document["parameters"]):
        file = folder / f"parameters.{number}.txt"
        file.write_text(parameter_text(parameters), encoding="utf-8")
        words += ["-p", str(file)]
    if document["engine"]["threads"]:
        words += ["-threads", str(document["engine"]["threads"])]
    # The parameters are those that were used, so nothing may be added to them.
    _run(["elastix", *words, "-out", str(folder)], {exact.VARIABLE: "false"})
    again = read_record(folder / record.NAME)
    same = again["results"] == document["results"]
    largest, where = (0.0, (0.0, 0.0, 0.0)) if same else _difference(document, before, folder)
    return Repetition(same, largest, where, tuple(_changed(document, again)), folder if kept else None)


def parameter_text(parameters: Mapping[str, Sequence[str]]) -> str:
    """The text of a parameter file."""

    def written(value: str) -> str:
        try:
            float(value)
        except ValueError:
            return f'"{value}"'
        return value

    return "".join(f"({name} {' '.join(map(written, values))})\n" for name, values in parameters.items())


def _run(words: Sequence[str], variables: Mapping[str, str]) -> None:
    done = subprocess.run(
        words, env={**os.environ, **variables}, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
    )
    if done.returncode:
        last = (done.stdout + done.stderr).strip().splitlines()[-3:]
        raise RepeatError(f"{words[0]} ended with {done.returncode}: {' '.join(last)}")


def _changed(document: Mapping[str, Any], again: Mapping[str, Any]) -> list[str]:
    names = (
        ("engine", "version", "the engine's version"),
        ("engine", "package", "the engine's package"),
        ("machine", "type", "the type of processor"),
        ("machine", "packages_sha256", "the packages of the environment"),
    )
    return [
        f"{words} ({document[part][key]}, now {again[part][key]})" if "sha256" not in key else words
        for part, key, words in names
        if document[part].get(key) != again[part].get(key)
    ]


def _difference(document: Mapping[str, Any], before: Path, after: Path) -> tuple[float, tuple[float, ...]]:
    """The largest distance of where the two transforms take points of the fixed image, and that point."""
    import numpy as np  # noqa: PLC0415 - heavy, and not needed where both are the same
    import SimpleITK  # noqa: PLC0415

    image = SimpleITK.ReadImage(document["inputs"]["-f"]["path"])
    steps = [np.linspace(0.05, 0.95, _POINTS_EACH_WAY) * (size - 1) for size in image.GetSize()]
    points = [
        image.TransformContinuousIndexToPhysicalPoint([float(part) for part in place]) for place in product(*steps)
    ]
    last = sorted(document["results"]["transforms"])[-1]
    moved = [_moved(folder / last, points) for folder in (before, after)]
    distances = np.linalg.norm(moved[0] - moved[1], axis=1)
    worst = int(distances.argmax())
    return float(distances[worst]), tuple(float(part) for part in points[worst])


def _moved(transform: Path, points: Sequence[Sequence[float]]) -> Any:
    import numpy as np  # noqa: PLC0415 - as above

    if not transform.is_file():
        raise RepeatError(f"{transform} is gone, so it cannot be said by how much the result differs.")
    with tempfile.TemporaryDirectory(prefix="repeat-points-") as scratch:
        asked = Path(scratch) / "points.txt"
        lines = [" ".join(f"{part:.17g}" for part in point) for point in points]
        asked.write_text("\n".join(["point", str(len(points)), *lines]) + "\n")
        _run(["transformix", "-tp", str(transform), "-def", str(asked), "-out", scratch], {})
        text = (Path(scratch) / "outputpoints.txt").read_text()
    found = [
        line.split("OutputPoint = [")[1].split("]")[0].split() for line in text.splitlines() if "OutputPoint" in line
    ]
    return np.array([[float(part) for part in place] for place in found])
