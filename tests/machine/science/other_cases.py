"""Structure sets, doses, NIfTI files and folders with one fault each, for data_cases.py."""

import copy

import nibabel
import numpy as np
import pydicom
from image_cases import CENTRE, GRID, HEAD_FIRST, SERIES, affine_of, ball, change, write_ct

from skrt_workspace.phantom import dicom_radiotherapy
from skrt_workspace.phantom.dicom_common import Series
from skrt_workspace.phantom.patients import PATIENTS

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


def dose_with_a_gap(folder):
    folder.mkdir()
    write_dose(folder / "dose.dcm")
    item = pydicom.dcmread(folder / "dose.dcm")
    kept = [number for number in range(GRID.size[2]) if number not in (3, 4, 5)]
    item.PixelData, item.NumberOfFrames = item.pixel_array[kept].tobytes(), len(kept)
    item.GridFrameOffsetVector = [item.GridFrameOffsetVector[number] for number in kept]
    item.save_as(folder / "dose.dcm")


HOLE = [[2, 2], [8, 2], [8, 8], [2, 8]]


def add_contours(path, points):
    """The same one more in each plane of the first structure."""
    item = pydicom.dcmread(path)
    contours = item.ROIContourSequence[0].ContourSequence
    for contour in list(contours):
        inner = copy.deepcopy(contour)
        inner.ContourData = [str(number) for x, y in points for number in (x, y, contour.ContourData[2])]
        inner.NumberOfContourPoints = len(points)
        contours.append(inner)
    item.save_as(path)


def hole(folder):
    write_structures(folder / "structures.dcm", {"GTV": SQUARE})
    add_contours(folder / "structures.dcm", HOLE)


def island(folder):
    """In the hole there is a part of the structure again, and that is there twice."""
    hole(folder)
    item = pydicom.dcmread(folder / "structures.dcm")
    contours = item.ROIContourSequence[0].ContourSequence
    for contour in list(contours)[:6]:
        inner = copy.deepcopy(contour)
        height = contour.ContourData[2]
        inner.ContourData = [str(v) for x, y in ((4, 4), (6, 4), (6, 6), (4, 6)) for v in (x, y, height)]
        contours.extend([inner, copy.deepcopy(inner)])
    item.save_as(folder / "structures.dcm")


def channel(folder):
    """One contour, which runs into the hole and back on the same line."""
    write_structures(folder / "structures.dcm", {"GTV": np.array([*SQUARE, SQUARE[0], *HOLE[::-1], HOLE[-1]])})


def nifti_changed(folder, change):
    nifti(folder, HEAD_FIRST)
    image = nibabel.load(folder / "image.nii.gz")
    nibabel.save(change(image, np.asanyarray(image.dataobj)), folder / "image.nii.gz")


def nifti_metres(folder):
    def changed(image, values):
        made = nibabel.Nifti1Image(values, np.diag([0.001, 0.001, 0.001, 1]) @ image.affine)
        made.header.set_xyzt_units("meter")
        return made

    nifti_changed(folder, changed)


def nifti_several(folder):
    nifti_changed(folder, lambda image, values: nibabel.Nifti1Image(np.stack([values] * 2, axis=-1), image.affine))


def nifti_field(folder):
    def changed(image, values):
        made = nibabel.Nifti1Image(np.stack([values[:, :, :, np.newaxis]] * 3, axis=-1), image.affine)
        made.header.set_intent("vector")
        nibabel.save(image, folder / "ct.nii.gz")
        return made

    nifti_changed(folder, changed)


def nifti_colours(folder):
    colour = np.dtype([("R", "u1"), ("G", "u1"), ("B", "u1")])
    nifti_changed(folder, lambda image, values: nibabel.Nifti1Image(np.zeros(values.shape, colour), image.affine))


def nifti_no_place(folder):
    def changed(image, values):
        image.set_sform(None, 0)
        image.set_qform(None, 0)
        return image

    nifti_changed(folder, changed)


def nifti_broken(folder):
    folder.mkdir()
    (folder / "image.nii").write_bytes(b"no image")


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
