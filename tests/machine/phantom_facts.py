"""Reads a phantom with several readers and prints what each saw, as JSON; run by the participants' Python."""

import json
import sys
import warnings
from pathlib import Path

import nibabel
import numpy as np
import pydicom
import SimpleITK
import skrt

folder = Path(sys.argv[1])
first = folder / "patients" / "Phantom-1"
planning = first / "20260105_090000"
ct_folder = planning / "CT" / "20260105_090000"
facts = {}

# pydicom: every file, with its own checks of the values as errors.
pydicom.config.settings.reading_validation_mode = pydicom.config.RAISE
files = [pydicom.dcmread(path) for path in sorted(folder.rglob("*.dcm"))]
for item in files:
    str(item)  # converts every value
facts["files"] = len(files)
instances = {item.SOPInstanceUID: item for item in files}
facts["distinct_instances"] = len(instances)
facts["names"] = sorted({str(item.PatientName) for item in files})
facts["identity_removed"] = sorted({item.PatientIdentityRemoved for item in files})
facts["roots"] = sorted({uid.split(".")[0] + "." + uid.split(".")[1] for uid in instances})


def references(dataset):
    for element in dataset.iterall():
        if element.keyword == "ReferencedSOPInstanceUID":
            yield element.value


studies = {item.StudyInstanceUID for item in files}
facts["broken_references"] = sum(
    uid not in instances and uid not in studies for item in files for uid in references(item)
)
frames = {item.SeriesInstanceUID: item.FrameOfReferenceUID for item in files if item.Modality == "CT"}
facts["structure_sets_out_of_frame"] = sum(
    item.FrameOfReferenceUID not in frames.values() for item in files if item.Modality == "RTSTRUCT"
)
open_contours = 0
for item in files:
    if item.Modality == "RTSTRUCT":
        for roi in item.ROIContourSequence:
            for contour in roi.ContourSequence:
                z = {round(float(v), 3) for v in contour.ContourData[2::3]}
                height = float(instances[contour.ContourImageSequence[0].ReferencedSOPInstanceUID].SliceLocation)
                good = contour.ContourGeometricType == "CLOSED_PLANAR" and z == {round(height, 3)}
                open_contours += not good or contour.NumberOfContourPoints != len(contour.ContourData) // 3
facts["bad_contours"] = open_contours

# GDCM (through SimpleITK), nibabel and scikit-rt: the same voxels at the same places.
reader = SimpleITK.ImageSeriesReader()
reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(ct_folder)))
image = reader.Execute()
gdcm = SimpleITK.GetArrayFromImage(image)
nifti = nibabel.load(folder / "nifti" / "planning_ct.nii.gz")
facts["gdcm_equals_nifti"] = bool(np.array_equal(gdcm.transpose(2, 1, 0), np.asarray(nifti.dataobj)))
corner_itk = np.array(image.TransformIndexToPhysicalPoint((10, 20, 30)))
corner_nifti = (nifti.affine @ [10, 20, 30, 1])[:3] * [-1, -1, 1]
facts["corner_difference_mm"] = float(np.abs(corner_itk - corner_nifti).max())
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from_dicom, from_nifti = skrt.Image(str(ct_folder)), skrt.Image(str(folder / "nifti" / "planning_ct.nii.gz"))
    same = np.array_equal(from_dicom.get_standardised_data(), from_nifti.get_standardised_data())
    facts["skrt_dicom_equals_nifti"] = bool(same)
facts["hu"] = {"min": int(gdcm.min()), "max": int(gdcm.max()), "outside": float(np.median(gdcm[:, 0, 0]))}

truth = json.loads((folder / "truth.json").read_text())["patients"]
sorted_patient, loose_patient = skrt.Patient(str(first)), skrt.Patient(str(first), unsorted_dicom=True)
facts["studies"] = [len(sorted_patient.studies), len(loose_patient.studies)]
loose = loose_patient.studies[0]
facts["loose_links"] = [
    loose.ct_doses[0].plan is not None,
    loose.ct_plans[0].structure_set is not None,
    loose.ct_structure_sets[0].image is not None,
]
worst = {"volume_percent": 0.0, "centroid_mm": 0.0}
for study, name in zip(sorted_patient.studies, ("planning", "rigid", "deformed"), strict=True):
    for roi in study.ct_structure_sets[0].get_rois():
        known = truth["Phantom-1"]["scans"][name]["structures"][roi.name]
        volume = abs(100 * (roi.get_volume(units="ml") / known["volume_ml"] - 1))
        centre = float(np.abs(np.array(roi.get_centroid()) - known["centroid_mm"]).max())
        worst["volume_percent"] = max(worst["volume_percent"], volume)
        worst["centroid_mm"] = max(worst["centroid_mm"], centre)
facts["worst"] = worst
study = sorted_patient.studies[0]
dose, plan = study.ct_doses[0], study.ct_plans[0]
ptv = study.ct_structure_sets[0].get_roi("PTV")
facts["ptv_mean_gy"] = float(dose.get_mean_dose(ptv))
facts["prescription"] = [float(plan.get_target_dose()), int(plan.get_n_fraction())]
facts["mr_series"] = len(study.mr_images)

# The inverse of the deformation, and the truth about landmarks.
field = nibabel.load(folder / "nifti" / "true_displacement.nii.gz")
facts["field_shape"] = list(field.shape)
marks = truth["Phantom-1"]["scans"]["deformed"]["landmarks"]
moves = np.array([np.subtract(m["moved_mm"], m["planning_mm"]) for m in marks])
facts["landmarks"], facts["largest_move_mm"] = len(marks), float(np.linalg.norm(moves, axis=1).max())
print(json.dumps(facts))
