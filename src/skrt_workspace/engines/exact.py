"""The same answer whatever the number of threads: what makes elastix's results independent of it, and where not.

elastix adds up its metric in one share for each thread, and sums of floating-point numbers depend on how they are
shared out (https://github.com/SuperElastix/elastix/issues/90). With (UseMultiThreadingForMetrics "false") the metric
is added up in one go; pyramids and resampling, which add nothing up, keep their threads. Tried with both libraries: for
1, 2 and 4 threads rigid and B-spline transforms and images are the same, bit by bit.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from skrt_workspace.engines.parameters import Parameters, value

VARIABLE = "SKRT_EXACT"
PARAMETER = "UseMultiThreadingForMetrics"
RANDOM_WITH_MASK = (
    'WARNING: (ImageSampler "Random") with a mask may pick other samples with another number of threads. '
    'Write (ImageSampler "RandomCoordinate") or "RandomSparseMask" in the parameter file.'
)


def wanted() -> bool:
    """Whether results shall be exact: yes, unless the hub (`engines: {exact: false}`) or the user says no."""
    return os.environ.get(VARIABLE, "true").lower() not in ("false", "no", "0")


def made_exact(parameters: Parameters) -> dict[str, tuple[str, ...]]:
    """The parameters with ours added where the file is silent; what it says itself stays."""
    given = {name: tuple(values) for name, values in parameters.items()}
    if wanted():
        given.setdefault(PARAMETER, ("false",))
    return given


def is_exact(parameters: Parameters, *, masked: bool) -> bool:
    """Whether a registration with these parameters, as they were used, does not depend on the number of threads."""
    return value(parameters, PARAMETER, "true") == "false" and not (masked and samples_at_random(parameters))


def samples_at_random(parameters: Parameters) -> bool:
    """Whether the samples come from the sampler that is not exact with a mask."""
    return "Random" in parameters.get("ImageSampler", ())


def exact_copy(file: Path, folder: Path, number: int) -> Path:
    """For a program that reads its files itself: the parameter file with ours added, in the folder of the results."""
    text = file.read_text(encoding="utf-8")
    if not wanted() or re.search(rf"^\s*\({PARAMETER}\s", text, re.MULTILINE):
        return file
    copy = folder / f"parameters.{number}.txt"
    copy.write_text(f'{text}\n({PARAMETER} "false")\n', encoding="utf-8")
    return copy
