"""Folders of files with one fault each, and what scikit-rt and skrt_workspace.data make of them.

Run by the participants' Python: `data_cases.py FOLDER` prints facts as JSON. In each image there is one bright ball,
whose centre and value are known; a reader that finds it elsewhere, or with another value, is wrong.
"""

import contextlib
import copy
import io
import json
import sys
import warnings
from pathlib import Path

import nibabel
import numpy as np
import pydicom
import skrt
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import EnhancedCTImageStorage, generate_uid

from skrt_workspace import data
from skrt_workspace.phantom import dicom_images, dicom_radiotherapy
from skrt_workspace.phantom.dicom_common import Series
from skrt_workspace.phantom.geometry import Grid
from skrt_workspace.phantom.patients import PATIENTS

root = Path(sys.argv[1])
CENTRE, VALUE, RADIUS = np.array([12.0, -9.0, 27.0]), 1000.0, 9.0
GRID = Grid(size=(40, 36, 24), spacing=(2.5, 2.5, 3.0), origin=(-50.0, -45.0, -9.0))
SERIES = Series(PATIENTS[0], "case", "CT", 1, "20260105_090000", "20260105_090000", "CT case")
HEAD_FIRST = np.array([[1.0, 0, 0], [0, 1, 0], [0, 0, 1]])


def ball(affine, shape):
    """Values (i, j, k) on a grid given by its matrix: the ball, in air."""
    indexes = np.stack([*np.indices(shape), np.ones(shape)], axis=-1)
    places = indexes @ affine.T
    return np.where(np.linalg.norm(places[..., :3] - CENTRE, axis=-1) < RADIUS, VALUE, -1000.0)


def affine_of(directions, spacing, origin):
    matrix = np.eye(4)
    matrix[:3, :3] = directions.T * spacing
    matrix[:3, 3] = origin
    return matrix


def write_ct(folder, affine=None, shape=GRID.size, series=SERIES, step=None):
    """CT slices with any matrix; returns the paths."""
    affine = affine_of(HEAD_FIRST, GRID.spacing, GRID.origin) if affine is None else affine
    values = ball(affine, shape).transpose(2, 1, 0)
    sizes = np.linalg.norm(affine[:3, :3], axis=0)
    dicom_images.write_ct(folder, series, Grid(shape, tuple(sizes), GRID.origin), values)
    paths = sorted(folder.glob("*.dcm"))
    for k, path in enumerate(paths):
        item = pydicom.dcmread(path)
        item.ImagePositionPatient = [f"{v:.8g}" for v in (affine @ [0, 0, k, 1])[:3]]
        item.ImageOrientationPatient = [f"{v:.8g}" for i in (0, 1) for v in affine[:3, i] / sizes[i]]
        item.PixelSpacing = [f"{sizes[1]:.8g}", f"{sizes[0]:.8g}"]
        item.save_as(path)
    return paths


def change(path, **values):
    item = pydicom.dcmread(path)
    for name, value in values.items():
        setattr(item, name, value)
    item.save_as(path)


def missing(folder):
    for path in write_ct(folder)[3:6]:
        path.unlink()


def tilted(folder):
    # A tilted slice is not axial: its normal is turned, and the table moves along z.
    turn = np.array([[1, 0, 0], [0, np.cos(0.2), np.sin(0.2)], [0, -np.sin(0.2), np.cos(0.2)]])
    matrix = affine_of(turn, GRID.spacing, GRID.origin)
    matrix[:3, 2] = [0, 0, 3.0]
    write_ct(folder, matrix)


def localizer(folder):
    paths = write_ct(folder)
    scout = pydicom.dcmread(paths[0])
    scout.SOPInstanceUID = scout.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    scout.ImageType = ["ORIGINAL", "PRIMARY", "LOCALIZER"]
    scout.ImageOrientationPatient = ["1", "0", "0", "0", "0", "-1"]
    scout.save_as(folder / "000.dcm")


def phases(folder):
    for path in write_ct(folder)[::2]:
        item = pydicom.dcmread(path)
        item.SOPInstanceUID = item.file_meta.MediaStorageSOPInstanceUID = generate_uid()
        item.save_as(folder / f"phase-{path.name}")


def oblique(folder):
    a, b = np.radians(25), np.radians(10)
    turn = np.array([[np.cos(a), np.sin(a), 0], [-np.sin(a), np.cos(a), 0], [0, 0, 1]])
    tip = np.array([[1, 0, 0], [0, np.cos(b), np.sin(b)], [0, -np.sin(b), np.cos(b)]])
    write_ct(folder, affine_of(turn @ tip, GRID.spacing, GRID.origin))


def prone(folder):
    origin = np.array(GRID.origin) + np.array(GRID.spacing) * [39, 35, 0]
    write_ct(folder, affine_of(np.diag([-1.0, -1, 1]), GRID.spacing, origin))


def sagittal(folder):
    write_ct(
        folder,
        affine_of(np.array([[0, 1.0, 0], [0, 0, -1.0], [-1.0, 0, 0]]), (2.5, 2.5, 3), (47, -50, 68)),
        (36, 36, 34),
    )


def not_square(folder):
    write_ct(folder, affine_of(HEAD_FIRST, (2.0, 3.0, 3.0), GRID.origin), (50, 30, 24))


def scaled(folder):
    for number, path in enumerate(write_ct(folder)):
        item = pydicom.dcmread(path)
        slope = 1 + 0.02 * number
        pixels = item.pixel_array
        item.RescaleSlope, item.RescaleIntercept = f"{slope:g}", "-1024"
        item.PixelData = np.rint(pixels / slope).astype("<u2").tobytes()
        item.save_as(path)


def enhanced(folder):
    scratch = folder / "single"
    paths = write_ct(scratch)
    items = [pydicom.dcmread(path) for path in paths]
    whole = copy.deepcopy(items[0])
    whole.SOPClassUID = whole.file_meta.MediaStorageSOPClassUID = EnhancedCTImageStorage
    whole.NumberOfFrames = len(items)
    whole.PixelData = b"".join(item.PixelData for item in items)
    names = ("ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing", "SliceThickness", "RescaleSlope")
    for name in (*names, "RescaleIntercept", "SliceLocation"):
        delattr(whole, name)
    shared, measures, plane, values = Dataset(), Dataset(), Dataset(), Dataset()
    measures.PixelSpacing, measures.SliceThickness = items[0].PixelSpacing, items[0].SliceThickness
    plane.ImageOrientationPatient = items[0].ImageOrientationPatient
    values.RescaleSlope, values.RescaleIntercept, values.RescaleType = "1", "-1024", "HU"
    shared.PixelMeasuresSequence, shared.PlaneOrientationSequence = Sequence([measures]), Sequence([plane])
    shared.PixelValueTransformationSequence = Sequence([values])
    whole.SharedFunctionalGroupsSequence = Sequence([shared])
    groups = []
    for item in items:
        own, place = Dataset(), Dataset()
        place.ImagePositionPatient = item.ImagePositionPatient
        own.PlanePositionSequence = Sequence([place])
        groups.append(own)
    whole.PerFrameFunctionalGroupsSequence = Sequence(groups)
    whole.save_as(folder / "enhanced.dcm")
    for path in paths:
        path.unlink()
    scratch.rmdir()


STRUCTURES = Series(PATIENTS[0], "case", "RTSTRUCT", 2, "20260105_091000", "20260105_090000", "structures")
SQUARE = np.array([[0.0, 0], [10, 0], [10, 10], [0, 10]])


def write_structures(path, rings=None):
    found = {
        name: {k: [ring] for k in range(5, 11)}
        for name, ring in (rings or {"GTV": SQUARE, "PTV": SQUARE * 1.5}).items()
    }
    dicom_radiotherapy.write_structure_set(path, STRUCTURES, SERIES, GRID, found)


def write_dose(path, **changed):
    series = Series(PATIENTS[0], "case", "RTDOSE", 4, "20260105_093000", "20260105_090000", "dose")
    values = np.maximum(ball(affine_of(HEAD_FIRST, GRID.spacing, GRID.origin), GRID.size), 0).transpose(2, 1, 0) / 50
    dicom_radiotherapy.write_dose(path, series, SERIES, GRID, values)
    change(path, **changed)


def mixed(folder):
    write_ct(folder)
    write_structures(folder / "structures.dcm")
    write_dose(folder / "dose.dcm")


def brackets(folder):
    write_ct(folder / "scan [1]")


def same_names(folder):
    write_structures(folder / "structures.dcm")
    item = pydicom.dcmread(folder / "structures.dcm")
    for roi in item.StructureSetROISequence:
        roi.ROIName = "GTV"
    item.save_as(folder / "structures.dcm")


def few_points(folder):
    write_structures(folder / "structures.dcm", {"GTV": SQUARE})
    item = pydicom.dcmread(folder / "structures.dcm")
    contour = copy.deepcopy(item.ROIContourSequence[0].ContourSequence[0])
    contour.ContourData, contour.NumberOfContourPoints = ["1", "1", "60", "2", "2", "60"], 2
    item.ROIContourSequence[0].ContourSequence.append(contour)
    item.save_as(folder / "structures.dcm")


def slanting(folder):
    write_structures(folder / "structures.dcm", {"GTV": SQUARE})
    item = pydicom.dcmread(folder / "structures.dcm")
    points = item.ROIContourSequence[0].ContourSequence[0].ContourData
    points[5] = str(float(points[5]) + 4)
    item.save_as(folder / "structures.dcm")


def other_frame(folder):
    write_ct(folder / "CT")
    for path in (folder / "CT").iterdir():
        change(path, FrameOfReferenceUID="2.25.1234")
    write_structures(folder / "RTSTRUCT" / "structures.dcm")


def relative_dose(folder):
    folder.mkdir()
    write_dose(folder / "dose.dcm", DoseUnits="RELATIVE")


def no_geometry(folder):
    for path in write_ct(folder):
        item = pydicom.dcmread(path)
        for name in ("ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing", "SliceLocation"):
            delattr(item, name)
        item.save_as(path)


def cut(folder):
    path = write_ct(folder)[3]
    path.write_bytes(path.read_bytes()[:600])


def nifti(folder, directions):
    folder.mkdir()
    matrix = affine_of(directions, GRID.spacing, CENTRE - (directions.T * GRID.spacing) @ [18, 16, 12])
    image = nibabel.Nifti1Image(ball(matrix, GRID.size).astype(np.int16), np.diag([-1.0, -1, 1, 1]) @ matrix)
    nibabel.save(image, folder / "image.nii.gz")


def nifti_oblique(folder):
    a = np.radians(20)
    nifti(folder, np.array([[np.cos(a), np.sin(a), 0], [-np.sin(a), np.cos(a), 0], [0, 0, 1]]))


def nifti_permuted(folder):
    nifti(folder, np.array([[0, 0, 1.0], [1.0, 0, 0], [0, -1.0, 0]]))


def clean(folder):
    write_ct(folder)


IMAGES = (clean, missing, tilted, localizer, oblique, prone, sagittal, not_square, scaled, enhanced, brackets)
NIFTI = (nifti_oblique, nifti_permuted)
OTHERS = (phases, mixed, same_names, few_points, slanting, other_frame, relative_dose, cut, no_geometry)


def seen(image):
    """Where a reader sees the ball, and with what value."""
    values = np.asarray(image.get_data(standardise=True))  # (y, x, z)
    spacing, origin = (np.array(part, float) for part in (image.get_voxel_size(True), image.get_origin(True)))
    inside = np.argwhere(values > values.min() + 0.5 * (values.max() - values.min()))
    if not len(inside):
        return {"problem": "no ball"}
    centre = inside[:, [1, 0, 2]].mean(axis=0) * spacing + origin
    middle = tuple(np.round(inside.mean(axis=0)).astype(int))
    return {"miss_mm": round(float(np.linalg.norm(centre - CENTRE)), 2), "value": round(float(values[middle]), 1)}


def published(folder):
    """What scikit-rt makes of it by itself."""
    if (folder / "structures.dcm").exists() and not list(folder.glob("0*.dcm")):
        return published_structures(folder / "structures.dcm")
    source = next((path for path in folder.iterdir() if path.is_dir()), folder)
    try:
        return seen(skrt.Image(str(source)))
    except Exception as error:
        return {"problem": type(error).__name__}


def published_structures(path):
    structures = skrt.StructureSet(str(path))
    try:
        return {"gtv_ml": round(float(structures.get_roi("GTV").get_volume(units="ml", method="contour")), 2)}
    except Exception as error:
        return {"problem": type(error).__name__}


def loaded(folder):
    try:
        found = data.load(folder)
    except data.UnusableDataError as error:
        return {"refused": str(error)}
    facts = {"notes": found.notes, "counts": [len(found.images), len(found.structure_sets), len(found.doses)]}
    if len(found.images) == 1:
        facts.update(seen(found.image))
    if found.doses:
        dose = seen(found.dose)
        facts["dose"] = dose
    if found.structure_sets:
        rois = found.structures.get_rois()
        facts["rois"] = {roi.name: round(float(roi.get_volume(units="ml", method="contour")), 2) for roi in rois}
    return facts


facts = {}
with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
    warnings.simplefilter("ignore")
    for case in (*IMAGES, *NIFTI, *OTHERS):
        folder = root / case.__name__
        case(folder)
        report = data.check(folder)
        facts[case.__name__] = {
            "rules": sorted({finding.rule for finding in report.findings}),
            "text": str(report),
            "published": published(folder),
            "loaded": loaded(folder),
        }
print(json.dumps(facts))
