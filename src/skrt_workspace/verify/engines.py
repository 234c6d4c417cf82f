"""Steps: both registration engines on pairs of phantom scans whose movement is known.

An engine passes when landmarks end where they truly are, the tumour's contour is brought to its place, and the image
itself was resampled accordingly; so a missing, a lazy and a wrong engine all fail."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from skrt_workspace import phantom
from skrt_workspace.registration import fix_threads, landmark_errors, record
from skrt_workspace.verify.result import Found, StepFailedError, require

PROGRAMS = {
    "elastix": ("elastix", "transformix"),
    "niftyreg": ("reg_aladin", "reg_f3d", "reg_resample", "reg_transform", "reg_jacobian"),
}


@dataclass(frozen=True)
class Case:
    """A registration to do, and what is good enough: mm for the errors, HU for the image, Dice for the tumour."""

    scan: str
    add_steps: Callable[[Any], None]
    mean_error: float
    largest_error: float
    dice: float
    image_difference: float


def _elastix_rigid(registration: Any) -> None:
    _add_default(registration, "MI_Rigid*", "rigid", {"RandomSeed": 1})


def _elastix_deformable(registration: Any) -> None:
    parameters = {"RandomSeed": 1}
    _add_default(registration, "MI_Translation*", "translation", parameters)
    _add_default(registration, "MI_BSpline30*", "bspline", {**parameters, "MaximumNumberOfIterations": 300})


def _niftyreg_rigid(registration: Any) -> None:
    _add_default(registration, "Rigid*", "rigid", {"-pad": "-1000", "-lp": "2", "-noSym": ""})


def _niftyreg_deformable(registration: Any) -> None:
    options = {"exe": "reg_f3d", "-sx": "20", "-be": "0.0005", "--lncc": "5", "-lp": "2"}
    registration.add_file(options, name="bspline")


def _add_default(registration: Any, pattern: str, name: str, parameters: dict[str, Any]) -> None:
    from skrt.registration import get_default_pfiles  # noqa: PLC0415 - skrt takes seconds to import

    file = get_default_pfiles(pattern, engine=registration.engine.name)[0]
    registration.add_file(file, name=name, params=parameters)


RIGID = {
    "elastix": Case("rigid", _elastix_rigid, 1.0, 2.0, 0.85, 40.0),
    "niftyreg": Case("rigid", _niftyreg_rigid, 1.5, 2.5, 0.80, 60.0),
}
DEFORMABLE = {
    "elastix": Case("deformed", _elastix_deformable, 1.5, 3.5, 0.80, 50.0),
    "niftyreg": Case("deformed", _niftyreg_deformable, 1.5, 3.5, 0.80, 60.0),
}


def rigid(engine: str) -> Found:
    """Register the shifted and turned scan to the planning scan."""
    return _try(engine, RIGID[engine])


def deformable(engine: str) -> Found:
    """Register the deformed scan to the planning scan."""
    return _try(engine, DEFORMABLE[engine])


def _try(engine: str, case: Case) -> Found:
    missing = [program for program in PROGRAMS[engine] if shutil.which(program) is None]
    if missing:
        raise StepFailedError(f"not found on PATH: {', '.join(missing)}")
    fix_threads()
    with tempfile.TemporaryDirectory(prefix="verify-") as folder:
        numbers = _measure(engine, case, Path(folder))
    limits = (
        ("mean_error_mm", case.mean_error, "the landmarks' mean error is {:.2f} mm, allowed are {:.2f} mm"),
        ("largest_error_mm", case.largest_error, "the landmarks' largest error is {:.2f} mm, allowed are {:.2f} mm"),
        ("image_difference_hu", case.image_difference, "the image differs by {:.0f} HU, allowed are {:.0f} HU"),
    )
    for key, limit, sentence in limits:
        require(numbers[key] <= limit, sentence.format(numbers[key], limit), numbers)
    sentence = f"the Dice of the tumour is {numbers['dice']:.2f}, wanted is {case.dice:.2f}"
    require(numbers["dice"] >= case.dice, sentence, numbers)
    detail = (
        f"error {numbers['error_before_mm']:.1f} mm to {numbers['mean_error_mm']:.2f} mm, Dice {numbers['dice']:.2f}"
    )
    return Found(f"{engine} {numbers['record']['engine_version']}: {detail}", numbers)


def _measure(engine: str, case: Case, folder: Path) -> dict[str, Any]:
    import skrt  # noqa: PLC0415
    from skrt.registration import Registration  # noqa: PLC0415

    patient = skrt.Patient(str(phantom.path() / "patients" / "Phantom-1"))
    known = phantom.truth()["patients"]["Phantom-1"]["scans"][case.scan]
    planning, moving = (_study(patient, time) for time in ("20260105_090000", known["study"]))
    fixed = planning.ct_images[0]
    registration = Registration(
        str(folder / engine), fixed=fixed, moving=moving.ct_images[0], engine=engine, capture_output=True
    )
    case.add_steps(registration)
    try:
        registration.register()
        errors = landmark_errors(registration, known["landmarks"])
        tumour = registration.transform(moving.ct_structure_sets[0].get_roi("GTV"))
        image = registration.get_transformed_image()
    except (RuntimeError, OSError, ValueError, AttributeError) as error:
        raise StepFailedError(f"the engine did not do its work: {type(error).__name__}: {error}") from error
    if tumour is None:
        raise StepFailedError("the engine did not transform a structure")
    marks = known["landmarks"]
    before = np.linalg.norm([np.subtract(m["moved_mm"], m["planning_mm"]) for m in marks], axis=1)
    return {
        "error_before_mm": float(before.mean()),
        "mean_error_mm": float(errors.mean()),
        "largest_error_mm": float(errors.max()),
        "dice": float(planning.ct_structure_sets[0].get_roi("GTV").get_dice(tumour)),
        "image_difference_hu": _image_difference(fixed, image),
        "record": record(registration),
    }


def _study(patient: Any, time: str) -> Any:
    return next(study for study in patient.studies if study.timestamp == time)


def _image_difference(fixed: Any, image: Any) -> float:
    """The mean absolute difference in HU inside the body, away from the image's edges."""
    one, two = fixed.get_standardised_data(), image.get_standardised_data()
    if one.shape != two.shape:
        raise StepFailedError(f"the result has {two.shape} voxels, and not {one.shape}")
    middle = tuple(slice(size // 5, size - size // 5) for size in one.shape)
    return float(np.abs(one[middle] - two[middle]).mean())
