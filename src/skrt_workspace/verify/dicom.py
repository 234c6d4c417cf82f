"""Step: DICOM and NIfTI are read, written and read again without a change."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np

from skrt_workspace import phantom
from skrt_workspace.verify.result import Found, require


def round_trip() -> Found:
    """Read a CT, write it as DICOM and as NIfTI, and compare; read structures and dose, and compare with the truth."""
    import skrt  # noqa: PLC0415

    patient = skrt.Patient(str(phantom.path() / "patients" / "Phantom-2"))
    study = patient.studies[0]
    known = phantom.truth()["patients"]["Phantom-2"]["scans"]["planning"]["structures"]
    ct = study.ct_images[0]
    original = ct.get_standardised_data()
    numbers: dict[str, float] = {}
    with tempfile.TemporaryDirectory(prefix="verify-") as folder:
        for kind, name in (("dicom", "ct"), ("nifti", "ct.nii.gz")):
            place = Path(folder) / name
            ct.write(str(place), verbose=False)
            again = skrt.Image(str(place)).get_standardised_data()
            same = again.shape == original.shape
            numbers[f"{kind}_change_hu"] = float(np.abs(again - original).max()) if same else float("inf")
            require(numbers[f"{kind}_change_hu"] < 0.5, f"written as {kind} and read again, the CT is changed", numbers)
    gtv = study.ct_structure_sets[0].get_roi("GTV")
    numbers["gtv_ml"] = float(gtv.get_volume(units="ml"))
    wanted = known["GTV"]["volume_ml"]
    off = abs(numbers["gtv_ml"] / wanted - 1)
    require(off < 0.03, f"the tumour has {numbers['gtv_ml']:.2f} ml, and not {wanted:.2f} ml", numbers)
    numbers["gtv_mean_gy"] = float(study.ct_doses[0].get_mean_dose(gtv))
    wanted = known["GTV"]["dose"]["mean_gy"]
    off = abs(numbers["gtv_mean_gy"] - wanted)
    require(off < 1.0, f"the tumour gets {numbers['gtv_mean_gy']:.1f} Gy, and not {wanted:.1f} Gy", numbers)
    return Found("CT written and read unchanged; volume and dose as known", numbers)
