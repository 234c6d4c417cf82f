"""How an engine is told its threads, and what one needs to get the same answer from a registration again."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
from importlib.metadata import version
from pathlib import Path
from typing import Any

from skrt_workspace.engines import exact
from skrt_workspace.threads import ENGINES

ELASTIX_DEFAULT_SEED = 121212
"""What elastix takes when a parameter file has no RandomSeed (elastix manual, section 5)."""


def fix_threads(number: int = 2) -> None:
    """Let the engines that this process starts use this many threads.

    elastix's result depends on the number only where it is not asked to be exact (`exact_results`).
    """
    for name in ENGINES:
        os.environ[name] = str(number)


def exact_results(wanted: bool = True) -> None:
    """Whether the engines that this process starts give one result whatever the number of threads, or run faster.

    It concerns elastix; the hub's `engines: {exact: ...}` is what holds where this is not called.
    """
    os.environ[exact.VARIABLE] = "true" if wanted else "false"


def record(registration: Any) -> dict[str, Any]:
    """What one needs to get the same answer again: engine, versions, threads, and for each step its parameters.

    :param registration: a skrt.registration.Registration whose steps were run.
    """
    engine = registration.engine.name
    steps = {}
    for step, file in registration.pfiles.items():
        text = Path(file).read_text(encoding="utf-8")
        steps[step] = {
            "parameters_sha256": hashlib.sha256(text.encode()).hexdigest(),
            "seed": _seed(engine, text),
            "exact": _is_exact(engine, text),
        }
    return {
        "engine": engine,
        "engine_version": _engine_version(registration),
        "scikit_rt_version": version("scikit-rt"),
        "threads": {name: os.environ.get(name, "not set") for name in ENGINES},
        "steps": steps,
    }


def _seed(engine: str, parameters: str) -> int | None:
    """The seed of a step; None for an engine that draws no random numbers."""
    if engine != "elastix":
        return None
    found = re.search(r"^\(RandomSeed\s+(\d+)", parameters, re.MULTILINE)
    return int(found.group(1)) if found else ELASTIX_DEFAULT_SEED


def _is_exact(engine: str, parameters: str) -> bool | None:
    """Whether the number of threads makes no difference; None for an engine of which that is not known."""
    if engine != "elastix":
        return None
    found = re.search(rf'^\({exact.PARAMETER}\s+"(\w+)"', parameters, re.MULTILINE)
    return found.group(1) == "false" if found else exact.wanted()


def _engine_version(registration: Any) -> str:
    engine = registration.engine
    program = engine.elastix if engine.name == "elastix" else engine.reg_f3d
    answer = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=60, check=False)
    found = re.search(r"\d+(\.\d+)+", answer.stdout + answer.stderr)
    return found.group(0) if found else "unknown"
