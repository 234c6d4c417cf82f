"""CT series with one fault each, for data_cases.py.

In each there is one bright ball, whose centre and value are known.
"""

import copy

import numpy as np
import pydicom
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import EnhancedCTImageStorage, generate_uid

from skrt_workspace.phantom import dicom_images
from skrt_workspace.phantom.dicom_common import Series
from skrt_workspace.phantom.geometry import Grid
from skrt_workspace.phantom.patients import PATIENTS

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


def cut(folder):
    path = write_ct(folder)[3]
    path.write_bytes(path.read_bytes()[:600])


def cut_pixels(folder):
    path = write_ct(folder)[3]
    path.write_bytes(path.read_bytes()[:-900])


def colours(folder):
    for path in write_ct(folder):
        item = pydicom.dcmread(path)
        grey = (item.pixel_array // 16).astype("u1")
        item.SamplesPerPixel, item.PhotometricInterpretation, item.PlanarConfiguration = 3, "RGB", 0
        item.BitsAllocated, item.BitsStored, item.HighBit, item.PixelRepresentation = 8, 8, 7, 0
        item.PixelData = np.repeat(grey[:, :, np.newaxis], 3, axis=2).tobytes()
        item.save_as(path)


def table(folder):
    """Values by a table: numbers above 1024 are HU above 0."""
    values = Dataset()
    values.LUTDescriptor, values.ModalityLUTType = [3000, 0, 16], "HU"
    values.LUTData = np.maximum(np.arange(3000) - 1024, 0).astype("<u2").tobytes()
    for path in write_ct(folder):
        item = pydicom.dcmread(path)
        del item.RescaleSlope, item.RescaleIntercept
        item.ModalityLUTSequence = Sequence([values])
        item.save_as(path)


def no_geometry(folder):
    for path in write_ct(folder):
        item = pydicom.dcmread(path)
        del item.ImagePositionPatient, item.ImageOrientationPatient, item.PixelSpacing, item.SliceLocation
        item.save_as(path)


def clean(folder):
    write_ct(folder)
