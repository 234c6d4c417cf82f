"""What the notebooks' numbers must be: the phantom's truth, or a range that only a right run meets."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from skrt_workspace import phantom

Check = Callable[[dict[str, Any]], list[str]]
_FIRST = "Phantom-1"


def wrong_numbers(notebook: str, numbers: dict[str, Any]) -> list[str]:
    """A sentence for each number that is not as it must be; a notebook without expectations is itself wrong."""
    check = CHECKS.get(notebook)
    if check is None:
        return [f"nothing is known about the notebook {notebook}"]
    try:
        return check(numbers)
    except KeyError as error:
        return [f"the number {error} is missing"]


def _equal(numbers: dict[str, Any], wanted: dict[str, Any]) -> list[str]:
    return [f"{key} is {numbers[key]}, and not {value}" for key, value in wanted.items() if numbers[key] != value]


def _near(label: str, value: float, wanted: float, allowed: float) -> list[str]:
    # "not ... <=" and not ">": a value that is not a number must fail.
    return [] if abs(value - wanted) <= allowed else [f"{label} is {value:.3g}, and not {wanted:.3g} +- {allowed:.3g}"]


def _within(numbers: dict[str, Any], limits: dict[str, tuple[float, float]]) -> list[str]:
    wrong = []
    for key, (low, high) in limits.items():
        if not low <= numbers[key] <= high:
            wrong.append(f"{key} is {numbers[key]:.3g}, and not between {low:g} and {high:g}")
    return wrong


def _scan(patient: str = _FIRST, scan: str = "planning") -> dict[str, Any]:
    known: dict[str, Any] = phantom.truth()["patients"][patient]["scans"][scan]["structures"]
    return known


def _loading(numbers: dict[str, Any]) -> list[str]:
    wanted = {"n_voxels": [144, 104, 50], "voxel_size_mm": [2.75, 2.75, 4.0], "dicom_equals_nifti": True}
    wrong = _equal(numbers, {**wanted, "viewer_drawn": "BetterViewer"})
    return wrong + _near("median_lung_hu", numbers["median_lung_hu"], -800, 15)


def _studies(numbers: dict[str, Any]) -> list[str]:
    wanted = {"studies": 3, "studies_unsorted": 3, "links_hold": True, "fractions": 30, "structures": 8}
    return _equal(numbers, {**wanted, "prescribed_gy": 60.0})


def _structures(numbers: dict[str, Any]) -> list[str]:
    wrong = _within(numbers, {"largest_volume_difference_percent": (0, 3), "gtv_mean_surface_distance_mm": (1.5, 4.0)})
    for name in ("Heart", "Esophagus", "SpinalCord"):
        wrong += _near(f"centroid_distance_mm of {name}", numbers["centroid_distance_mm"][name], 3, 0.1)
    if not numbers["dice"]["SpinalCord"] < numbers["dice"]["Esophagus"] < numbers["dice"]["Heart"] < 1:
        wrong.append("the Dice scores are not in the order of the structures' sizes")
    known = _scan()
    lungs = known["Lung_L"]["volume_ml"] + known["Lung_R"]["volume_ml"] - known["GTV"]["volume_ml"]
    return wrong + _near("lungs_without_tumour_ml", numbers["lungs_without_tumour_ml"], lungs, 0.02 * lungs)


def _dose(numbers: dict[str, Any]) -> list[str]:
    known = _scan()
    wrong = _equal(numbers, {"prescribed_gy": 60.0, "eqd2_30_fractions": 60.0})
    for name, value in numbers["mean_gy"].items():
        wrong += _near(f"mean_gy of {name}", value, known[name]["dose"]["mean_gy"], 0.5)
    for name, value in numbers["v20_percent"].items():
        wrong += _near(f"v20_percent of {name}", value, known[name]["dose"]["v20_percent"], 2)
    return wrong + _near("ptv_d95_gy", numbers["ptv_d95_gy"], known["PTV"]["dose"]["d95_gy"], 1)


def _elastix(numbers: dict[str, Any]) -> list[str]:
    wrong = _within(
        numbers,
        {
            "shift_error_mm": (0, 0.5),
            "turn_error_degrees": (0, 0.3),
            "rigid_tre_mm": (0, 0.5),
            "deformable_tre_mm": (0, 1.0),
            "deformable_tre_largest_mm": (0, 3.0),
            "smallest_jacobian": (0.3, 1.0),
        },
    )
    wrong += _equal(numbers, {"problems": []})
    return wrong + _recorded(numbers["record"], "elastix", seed=1)


def _niftyreg(numbers: dict[str, Any]) -> list[str]:
    wrong = _within(
        numbers,
        {
            "shift_error_mm": (0, 1.0),
            "turn_error_degrees": (0, 0.8),
            "rigid_tre_mm": (0, 1.0),
            "deformable_tre_mm": (0, 1.2),
            "deformable_tre_largest_mm": (0, 3.0),
            "smallest_jacobian": (0.3, 1.0),
        },
    )
    return wrong + _recorded(numbers["record"], "niftyreg", seed=None)


def _recorded(record: dict[str, Any], engine: str, seed: int | None) -> list[str]:
    wrong = _equal(record, {"engine": engine})
    if not record["engine_version"][:1].isdigit():
        wrong.append("the record has no version of the engine")
    if set(record["threads"].values()) != {"2"}:
        wrong.append(f"the record's threads are {record['threads']}")
    for step, content in record["steps"].items():
        if (
            content["exact"] is not (True if engine == "elastix" else None)
            or content["seed"] != seed
            or len(content["parameters_sha256"]) != 64
        ):
            wrong.append(f"the record of step {step} is {content}")
    return wrong


def _transform(numbers: dict[str, Any]) -> list[str]:
    after, before = numbers["dice_after"], numbers["dice_before"]
    wrong = _within(after, {"GTV": (0.85, 1), "Heart": (0.94, 1), "Esophagus": (0.8, 1)})
    wrong += _within(before, {"GTV": (0, 0.7), "Heart": (0, 0.92)})
    wrong += _within(numbers["centre_after_mm"], {"GTV": (0, 2.5), "Heart": (0, 1.5)})
    wrong += _near("planned_mean_gy", numbers["planned_mean_gy"], _scan()["GTV"]["dose"]["mean_gy"], 0.5)
    wrong += _near("warped_mean_gy", numbers["warped_mean_gy"], numbers["day_mean_gy"], 1)
    return wrong + _recorded(numbers["record"], "elastix", seed=1)


def _cohort(numbers: dict[str, Any]) -> list[str]:
    wrong = _equal(numbers, {"patients": 6})
    for name, value in numbers["gtv_ml"].items():
        volume = _scan(name)["GTV"]["volume_ml"]
        wrong += _near(f"gtv_ml of {name}", value, volume, 0.03 * volume)
    for key, structure in (("ptv_mean_gy", "PTV"), ("heart_mean_gy", "Heart")):
        for name, value in numbers[key].items():
            wrong += _near(f"{key} of {name}", value, _scan(name)[structure]["dose"]["mean_gy"], 0.5)
    for name, value in numbers["change_percent"].items():
        volumes = [_scan(name, scan)["GTV"]["volume_ml"] for scan in ("planning", "week3")]
        wrong += _near(f"change_percent of {name}", value, 100 * (volumes[1] / volumes[0] - 1), 2)
    shifts = numbers["shift_error_mm"]
    wrong += _equal({"shifted": sorted(shifts)}, {"shifted": [f"Phantom-{number}" for number in range(2, 5)]})
    for name, value in shifts.items():
        wrong += _near(f"shift_error_mm of {name}", value, 0, 0.6)
    return wrong + _within(numbers, {"rank_correlation": (0.7, 1)})


def _saving(numbers: dict[str, Any]) -> list[str]:
    wrong = _equal(numbers, {"nifti_unchanged": True, "directions": "LAS", "new_series_identifier": True})
    wrong += _within(numbers, {"dicom_largest_change_hu": (0, 0.5), "files": (10, 100)})
    for name, volumes in numbers["volumes_ml"].items():
        known = _scan()[name]["volume_ml"]
        for kind, value in volumes.items():
            wrong += _near(f"volume of {name}, {kind}", value, known, 0.03 * known)
    return wrong


def _checking(numbers: dict[str, Any]) -> list[str]:
    wrong = _equal(numbers, {"good_is_clean": True, "rules": ["missing-slices"], "slices_loaded": 50, "notes": 0})
    wrong += _near("voxel_z_loaded", numbers["voxel_z_loaded"], 4.0, 1e-6)
    wrong += _near("voxel_z_as_read", numbers["voxel_z_as_read"], 49 * 4 / 45, 1e-3)
    wrong += _within(numbers, {"difference_as_read_hu": (20, 500), "difference_loaded_hu": (0, 5)})
    return wrong + _near("heart_mean_gy", numbers["heart_mean_gy"], _scan()["Heart"]["dose"]["mean_gy"], 0.1)


def _looking(numbers: dict[str, Any]) -> list[str]:
    wrong = _within(numbers, {"gtv_gy": (57, 63), "cord_gy": (0, 30), "picture_bytes": (10_000, 1_000_000)})
    # A slice of 4 mm of a circle of 20 mm.
    wrong += _within(numbers, {"mine_ml": (4.9, 5.1)}) + _equal(numbers, {"gtv_as_it_came": True})
    return wrong if {"GTV", "PTV"} <= set(numbers["inside_gtv"]) else [*wrong, "the centre of the GTV is not in it"]


def _comparing(numbers: dict[str, Any]) -> list[str]:
    heart = {"anna": (1, 1), "bob": (0.9, 0.99), "carla": (0.8, 0.95), "dan": (0.75, 0.93), "eva": (1, 1)}
    wrong = _equal(numbers, {"eva_drew": "Herz", "eva_forgot": ["Esophagus"]})
    wrong += _within(numbers["dice_heart"], heart)
    wrong += _within(numbers, {"heart_of_all_dice": (0.95, 1), "heart_of_pairs_dice": (0.8, 0.97)})
    return wrong + _within(numbers, {"bob_hd95_cord_mm": (2.5, 4), "carla_volume_ratio": (1.25, 1.4)})


CHECKS: dict[str, Check] = {
    "01_loading_and_viewing": _loading,
    "02_dicom_and_studies": _studies,
    "03_structures": _structures,
    "04_dose_and_dvh": _dose,
    "05_registration_elastix": _elastix,
    "06_registration_niftyreg": _niftyreg,
    "07_applying_a_transform": _transform,
    "08_cohort": _cohort,
    "09_saving_results": _saving,
    "10_checking_a_data_set": _checking,
    "11_looking_at_a_plan": _looking,
    "12_comparing_contours": _comparing,
}
