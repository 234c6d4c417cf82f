"""Small helpers around scikit-rt's Registration: fixed threads, a record of what was run, and errors at landmarks.

A registration's answer depends on the engine's version, the parameters, the seed and the number of threads. With these
fixed and written down, everyone in a class gets the same answer and can say how."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
from importlib.metadata import version
from pathlib import Path
from typing import Any

from skrt_workspace.threads import ENGINES

ELASTIX_DEFAULT_SEED = 121212
"""What elastix takes when a parameter file has no RandomSeed (elastix manual, section 5)."""

__all__ = ["displacements", "fix_threads", "landmark_errors", "record"]


def fix_threads(number: int = 2) -> None:
    """Let the engines that this process starts use this many threads: elastix's result depends on the number."""
    for name in ENGINES:
        os.environ[name] = str(number)


def record(registration: Any) -> dict[str, Any]:
    """What one needs to get the same answer again: engine, versions, threads, and for each step its parameters.

    :param registration: a skrt.registration.Registration whose steps were run.
    """
    engine = registration.engine.name
    steps = {}
    for step, file in registration.pfiles.items():
        text = Path(file).read_text(encoding="utf-8")
        steps[step] = {"parameters_sha256": hashlib.sha256(text.encode()).hexdigest(), "seed": _seed(engine, text)}
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


def _engine_version(registration: Any) -> str:
    engine = registration.engine
    program = engine.elastix if engine.name == "elastix" else engine.reg_f3d
    answer = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=60, check=False)
    found = re.search(r"\d+(\.\d+)+", answer.stdout + answer.stderr)
    return found.group(0) if found else "unknown"


def displacements(registration: Any, points: Any, step: int | str = -1) -> Any:
    """Where the registration takes points of the fixed image, minus the points.

    :param points: shape (n, 3), mm, DICOM patient coordinates.
    :returns: array of shape (n, 3), mm, DICOM patient coordinates; linear between the voxels of the deformation field.
    """
    import nibabel  # noqa: PLC0415 - heavy, and not needed for a record
    import numpy as np  # noqa: PLC0415
    from scipy import ndimage  # noqa: PLC0415

    name = registration.get_step_name(step)
    registration.get_deformation_field(name)
    field = nibabel.load(Path(registration.outdirs[name]) / "deformationField.nii")
    vectors = np.squeeze(np.asarray(field.dataobj))
    to_ras = np.array([-1.0, -1.0, 1.0])
    places = np.c_[np.asarray(points) * to_ras, np.ones(len(points))].T
    voxels = np.linalg.solve(field.affine, places)[:3]
    sampled = [ndimage.map_coordinates(vectors[..., axis], voxels, order=1, mode="nearest") for axis in range(3)]
    # elastix writes its vectors in DICOM's directions, NiftyReg in NIfTI's.
    signs = np.ones(3) if registration.engine.name == "elastix" else to_ras
    return np.stack(sampled, axis=1) * signs


def landmark_errors(registration: Any, landmarks: list[dict[str, list[float]]], step: int | str = -1) -> Any:
    """How far, in mm, the registration misses each landmark (its target registration error), shape (n,).

    :param landmarks: as in the phantom's truth, with the planning scan as the fixed image.
    """
    import numpy as np  # noqa: PLC0415

    planning = np.array([mark["planning_mm"] for mark in landmarks])
    moved = np.array([mark["moved_mm"] for mark in landmarks])
    return np.linalg.norm(planning + displacements(registration, planning, step) - moved, axis=1)
