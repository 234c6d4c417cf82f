"""Make the whole phantom: every patient as DICOM, the first also as NIfTI, and the file with the known numbers."""

from __future__ import annotations

import json
import os
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np

from skrt_workspace.phantom import dicom_images, dicom_radiotherapy, nifti, render
from skrt_workspace.phantom.anatomy import PTV_MARGIN, STRUCTURES, Chest
from skrt_workspace.phantom.beams import planned_dose
from skrt_workspace.phantom.contours import contours
from skrt_workspace.phantom.dicom_common import VERSION, Series
from skrt_workspace.phantom.geometry import Array, Grid, Movement, RigidMovement, SmoothMovement
from skrt_workspace.phantom.measure import landmarks, structure_truth
from skrt_workspace.phantom.patients import MR_OFFSET, PATIENTS, PhantomPatient, Scan

README = """The phantom: invented patients, made by a program. There are no such persons.

patients/   DICOM, in the folders that scikit-rt's Patient and Study classes read
nifti/      the first patient's images, masks, dose and true deformation as NIfTI
truth.json  the known numbers: movements, volumes, centres, doses, landmarks

Not for clinical use. You may copy, change and share these files freely.
"""


def write_phantom(folder: Path) -> None:
    """Write all files below `folder`; truth.json comes last, so a phantom that has it is whole."""
    # Spawned, because a forked copy of a process with threads (a kernel, for example) may hang.
    with ProcessPoolExecutor(min(3, os.cpu_count() or 1), get_context("spawn")) as pool:
        found = list(pool.map(_write_patient, [folder] * len(PATIENTS), PATIENTS))
    patients = {patient.identifier: numbers for patient, numbers in zip(PATIENTS, found, strict=True)}
    truth = {"version": VERSION, "coordinates": "DICOM patient coordinates (LPS), mm", "patients": patients}
    (folder / "README.txt").write_text(README, encoding="utf-8")
    (folder / "truth.json").write_text(json.dumps(truth, indent=1) + "\n", encoding="utf-8")


def _write_patient(folder: Path, patient: PhantomPatient) -> dict[str, Any]:
    scans = {}
    for number, scan in enumerate(patient.scans):
        scans[scan.name] = _write_scan(folder, patient, scan, first=number == 0)
    if patient.mr_time:
        _write_mr(folder, patient)
        scans["mr"] = {"movement": _movement_truth(MR_OFFSET)}
    prescription = patient.prescription
    return {
        "name": patient.name,
        "folder": f"patients/{patient.identifier}",
        "prescription": {"dose_gy": prescription.dose, "fractions": prescription.fractions},
        "scans": scans,
    }


def _write_scan(folder: Path, patient: PhantomPatient, scan: Scan, first: bool) -> dict[str, Any]:
    chest, grid = Chest(patient, scan.tumour_scale), patient.grid
    seed = 1000 * patient.number + int(scan.time[4:8])
    ct = render.ct_image(chest, grid, scan.movement, seed)
    study = folder / "patients" / patient.identifier / scan.time
    images = _series(patient, scan, "CT", 1)
    dicom_images.write_ct(study / "CT" / scan.time, images, grid, ct)
    structures = _series(patient, scan, "RTSTRUCT", 2)
    found = {name: contours(chest, name, grid, scan.movement) for name in STRUCTURES}
    file = study / "RTSTRUCT" / "CT" / scan.time / f"RTSTRUCT_{structures.time}.dcm"
    dicom_radiotherapy.write_structure_set(file, structures, images, grid, found)
    dose = _write_treatment(study, patient, scan, chest, ct) if first else None
    if patient.number == 1:
        nifti.write_image(folder / "nifti" / f"{scan.name}_ct.nii.gz", grid, ct)
        if isinstance(scan.movement, SmoothMovement):
            _write_field(folder, grid, scan.movement)
    if patient.number == 1 and dose is not None:
        _write_nifti_extras(folder, chest, grid, dose)
    return {
        "study": scan.time,
        "tumour_radius_mm": round(chest.tumour.radius, 3),
        "movement": _movement_truth(scan.movement),
        "structures": structure_truth(chest, grid, scan.movement, dose),
        "landmarks": landmarks(chest, grid, scan.movement),
    }


def _series(patient: PhantomPatient, scan: Scan, modality: str, number: int) -> Series:
    """A series of the scan's study; each is made ten minutes after the one before."""
    minutes = int(scan.time[11:13]) + (number - 1) * 10
    hour = int(scan.time[9:11]) + minutes // 60
    time = f"{scan.time[:9]}{hour:02d}{minutes % 60:02d}{scan.time[13:]}"
    return Series(patient, scan.name, modality, number, time, scan.time, f"{modality} {scan.name}")


def _write_treatment(study: Path, patient: PhantomPatient, scan: Scan, chest: Chest, ct: Array) -> tuple[Grid, Array]:
    """Write the plan and its dose; returns the dose as the file holds it."""
    grid = patient.grid.with_spacing((5.0, 5.0, patient.grid.spacing[2]))
    dose = planned_dose(chest, ct, patient.grid, grid, patient.prescription)
    plan, result = _series(patient, scan, "RTPLAN", 3), _series(patient, scan, "RTDOSE", 4)
    structures = _series(patient, scan, "RTSTRUCT", 2)
    half = chest.tumour.radius + PTV_MARGIN + 8
    file = study / "RTPLAN" / "CT" / scan.time / f"RTPLAN_{plan.time}.dcm"
    dicom_radiotherapy.write_plan(file, plan, structures, chest.tumour.centre, half)
    file = study / "RTDOSE" / "CT" / scan.time / f"RTDOSE_{result.time}.dcm"
    dicom_radiotherapy.write_dose(file, result, plan, grid, dose)
    return grid, dose


def _write_mr(folder: Path, patient: PhantomPatient) -> None:
    planning = patient.scans[0]
    grid = patient.grid.with_spacing((3.0, 3.0, 5.0))
    image = render.mr_image(Chest(patient), grid, MR_OFFSET, seed=77)
    series = Series(patient, planning.name, "MR", 5, patient.mr_time, planning.time, "T1 MR")
    study = folder / "patients" / patient.identifier / planning.time
    dicom_images.write_mr(study / "MR" / patient.mr_time, series, grid, image)
    nifti.write_image(folder / "nifti" / "mr.nii.gz", grid, image)


def _write_nifti_extras(folder: Path, chest: Chest, grid: Grid, dose: tuple[Grid, Array]) -> None:
    nifti.write_image(folder / "nifti" / "dose.nii.gz", dose[0], dose[1].astype(np.float32))
    points = grid.points()
    for name in STRUCTURES:
        mask = (chest.structure(name, points) < 0).astype(np.uint8)
        nifti.write_image(folder / "nifti" / "masks" / f"{name}.nii.gz", grid, mask)


def _write_field(folder: Path, grid: Grid, movement: SmoothMovement) -> None:
    coarse = grid.with_spacing((11.0, 11.0, 12.0))
    nifti.write_displacement(
        folder / "nifti" / "true_displacement.nii.gz", coarse, movement.displacement(coarse.points())
    )


def _movement_truth(movement: Movement) -> dict[str, Any]:
    if isinstance(movement, RigidMovement):
        return {
            "kind": "rigid",
            "shift_mm": list(movement.shift),
            "rotation_z_degrees": movement.rotation_z_degrees,
            "centre_mm": list(movement.centre),
        }
    if isinstance(movement, SmoothMovement):
        bumps = [{"centre_mm": b.centre, "amplitude_mm": b.amplitude, "sigma_mm": b.sigma} for b in movement.bumps]
        return {"kind": "smooth", "bumps": bumps, "fixed_axis_mm": movement.fixed_axis}
    return {"kind": "none"}
