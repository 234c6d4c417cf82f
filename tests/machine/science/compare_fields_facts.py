"""Doses and transforms compared whose agreement is known, and against a second implementation; prints facts as JSON."""

import csv
import json
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import SimpleITK
from pydicom.dataset import Dataset
from scipy.interpolate import RegularGridInterpolator

from skrt_workspace import compare, phantom
from skrt_workspace.compare.doses import dose_at, dose_points, measure_doses, passing
from skrt_workspace.compare.structures import structure_file
from skrt_workspace.compare.transforms import jacobian, transform_at
from skrt_workspace.data import UnusableDataError
from skrt_workspace.data.structure_rules import structures_of
from skrt_workspace.viewer.grids import Grid

warnings.simplefilter("ignore")
root = Path(sys.argv[1])
rng = np.random.default_rng(5)
facts: dict[str, Any] = {}


def grid(values, spacing=(2.0, 2.0, 3.0), origin=(-10.0, 5.0, 40.0)):
    return Grid(np.asarray(values, np.float32), np.array(spacing), np.array(origin))


def rows_of(done):
    with done.table.open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream))


# Doses whose gamma is known: an even one scaled, and a slope of 1 Gy/mm that is shifted.
even = np.full((12, 11, 9), 50.0)
slope = np.broadcast_to((np.arange(60) * 0.5)[:, None, None] + 20.0, (60, 11, 9))
most = float(slope.max())  # 49.5 Gy: 3 % are 1.485 Gy; of a shift by s mm gamma is s / sqrt(3² + 1.485²) = s / 3.347
fine = (0.5, 2.0, 3.0)
facts["gamma"] = {
    "same": passing(grid(even), grid(even), 3, 3),
    "scaled_2": passing(grid(even), grid(even * 1.02), 3, 3),
    "scaled_4": passing(grid(even), grid(even * 1.04), 3, 3),
    "shifted_3.2": passing(grid(slope, fine), grid(slope + 3.2, fine), 3, 3),
    "shifted_3.5": passing(grid(slope, fine), grid(slope + 3.5, fine), 3, 3),
    "elsewhere": passing(grid(even), grid(even, origin=(500.0, 5.0, 40.0)), 3, 3),
}

# Random smooth doses, against every place on a fine grid within the distance.
shape, spacing = (17, 15, 9), (2.0, 2.0, 2.5)
x, y, z = np.meshgrid(*(np.linspace(-1, 1, number) for number in shape), indexing="ij")


def smooth(shift=0.0, gain=1.0):
    return gain * 60 * np.exp(-((x - shift) ** 2 + 0.7 * y**2 + 0.5 * z**2) / 0.5)


one, other = grid(smooth(), spacing), grid(smooth(0.11, 1.03), spacing)
axes = [other.origin[a] + other.spacing[a] * np.arange(shape[a]) for a in range(3)]
at = RegularGridInterpolator(axes, other.values.astype(float), bounds_error=False, fill_value=0.0)
reach = np.arange(-3, 3.001, 0.25)
ways = np.stack(np.meshgrid(reach, reach, reach, indexing="ij"), axis=-1).reshape(-1, 3)
ways = ways[(ways**2).sum(axis=1) <= 9.0001]
passed = []
for index in np.argwhere(one.values >= 0.1 * one.values.max()):
    place = one.origin + index * one.spacing
    gamma = ((at(place + ways) - one.values[tuple(index)]) / (0.03 * one.values.max())) ** 2
    passed.append(((gamma + (ways**2).sum(axis=1) / 9).min()) <= 1)
facts["second_gamma"] = [passing(one, other, 3, 3), 100 * float(np.mean(passed))]
found = measure_doses(one, other)
counted = one.values >= 0.1 * one.values.max()
difference = (other.values - one.values)[counted]
facts["second_difference"] = [
    [found.mean_gy, float(difference.mean())],
    [found.spread_gy, float(np.abs(difference).mean())],
    [found.largest_gy, float(np.abs(difference).max())],
]

# What structures get, against scikit-rt's own dose-volume histogram of the phantom.
import skrt  # noqa: E402

study = phantom.path() / "patients" / "Phantom-1" / "20260105_090000"
planned, drawn = next(study.rglob("RTDOSE_*.dcm")), next(study.rglob("RTSTRUCT_*.dcm"))
dose = dose_at(planned)
theirs = skrt.Dose(str(planned))
images = skrt.Image(str(next(study.rglob("001.dcm")).parent))
structure_set = skrt.StructureSet(str(drawn), image=images)
facts["points"] = {}
for structure in structures_of(structure_file(drawn)):
    if structure.name in ("Heart", "GTV", "SpinalCord"):
        points = dose_points(structure, dose)
        roi = structure_set.get_roi(structure.name)
        values = theirs.get_dose_in_roi(roi)
        facts["points"][structure.name] = [
            [points.mean, points.d95, points.d50, points.d2],
            [float(values.mean()), *(float(np.quantile(values, share)) for share in (0.05, 0.5, 0.98))],
        ]

# A class's doses: the reference's own, one of 5 % more, one shifted, and one that is cut short.
own = root / "own"
own.mkdir()
(own / "dose.dcm").write_bytes(planned.read_bytes())
(own / "structures.dcm").write_bytes(drawn.read_bytes())
people = {name: root / "doses" / name for name in ("anna", "bob", "carl", "=dora")}
for folder in people.values():
    folder.mkdir(parents=True)
(people["anna"] / "d.dcm").write_bytes(planned.read_bytes())
item = pydicom.dcmread(planned)
item.DoseGridScaling = float(item.DoseGridScaling) * 1.05
item.save_as(people["bob"] / "d.dcm")
item = pydicom.dcmread(planned)
item.ImagePositionPatient = [float(item.ImagePositionPatient[0]) + 5, *item.ImagePositionPatient[1:]]
item.save_as(people["=dora"] / "d.dcm")
(people["carl"] / "d.dcm").write_bytes(planned.read_bytes()[:3000])
done = compare.compare_class(own, people, root / "doses-out")
facts["doses"] = {"rows": rows_of(done), "text": str(done), "images": done.page.read_text().count("<img")}
if len(sys.argv) > 2:
    Path(sys.argv[2], "doses.html").write_text(done.page.read_text())

# Structures with the dose beside the reference's.
contours = root / "contours"
contours.mkdir()
(contours / "s.dcm").write_bytes(drawn.read_bytes())
small = pydicom.dcmread(drawn)
small.StructureSetROISequence = [roi for roi in small.StructureSetROISequence if roi.ROIName in ("GTV", "SpinalCord")]
small.save_as(own / "structures.dcm")
done = compare.compare_class(own, {"emil": contours}, root / "contours-out")
facts["structures"] = {"rows": rows_of(done), "page": done.page.read_text().count("Gy)")}

# Transforms: a field that is known in closed form, as three kinds of files; a second implementation of the Jacobian.
box = np.array([[-40.0, -30, -24], [40, 30, 24]])


def bent(points, size=6.0):
    return size * np.stack([np.sin(points[:, 1] / 20), np.sin(points[:, 2] / 15), np.cos(points[:, 0] / 25)], axis=1)


size, step = (41, 31, 25), (2.0, 2.0, 2.0)
places = np.stack(np.meshgrid(*(box[0][a] + step[a] * np.arange(size[a]) for a in range(3)), indexing="ij"), axis=-1)
vectors = bent(places.reshape(-1, 3)).reshape(*size, 3)
field = SimpleITK.GetImageFromArray(vectors.transpose(2, 1, 0, 3), isVector=True)
field.SetSpacing(step)
field.SetOrigin(box[0].tolist())
given = {name: root / "transforms" / name for name in ("anna", "bob", "carl", "dora", "emil", "fay")}
for folder in given.values():
    folder.mkdir(parents=True)
SimpleITK.WriteImage(field, str(given["anna"] / "field.mha"))
turned = SimpleITK.GetImageFromArray((vectors * [-1, -1, 1]).transpose(2, 1, 0, 3), isVector=True)
turned.CopyInformation(field)
SimpleITK.WriteImage(turned, str(given["bob"] / "field.nii.gz"))
registration = pydicom.dcmread(next(phantom.path().rglob("RTDOSE_*.dcm")), stop_before_pixels=True)
registration.Modality = "REG"
registration.FrameOfReferenceUID = "1.2.3.1"
lattice = Dataset()
lattice.ImagePositionPatient, lattice.ImageOrientationPatient = box[0].tolist(), [1, 0, 0, 0, 1, 0]
lattice.GridDimensions, lattice.GridResolution = list(size), list(step)
lattice.VectorGridData = vectors.transpose(2, 1, 0, 3).astype("<f4").tobytes()
deformable = Dataset()
deformable.SourceFrameOfReferenceUID = "1.2.3.2"
deformable.DeformableRegistrationGridSequence = [lattice]
registration.DeformableRegistrationSequence = [deformable]
registration.save_as(given["carl"] / "reg.dcm")
rigid = pydicom.dcmread(given["carl"] / "reg.dcm")
del rigid.DeformableRegistrationSequence
matrix, inner, outer = Dataset(), Dataset(), Dataset()
matrix.FrameOfReferenceTransformationMatrix = [1, 0, 0, -4, 0, 1, 0, 1, 0, 0, 1, 2, 0, 0, 0, 1]
inner.MatrixSequence = [matrix]
outer.FrameOfReferenceUID, outer.MatrixRegistrationSequence = "1.2.3.2", [inner]
rigid.RegistrationSequence = [outer]
rigid.save_as(given["dora"] / "reg.dcm")
numbers = '(TransformParameters 4 -1 -2)\n(NumberOfParameters 3)\n(Transform "TranslationTransform")\n'
(given["emil"] / "TransformParameters.0.txt").write_text(
    numbers + '(InitialTransformParametersFileName "NoInitialTransform")\n(HowToCombineTransforms "Compose")\n'
    '(FixedImageDimension 3)\n(MovingImageDimension 3)\n(FixedInternalImagePixelType "float")\n'
    '(MovingInternalImagePixelType "float")\n(Size 41 31 25)\n(Index 0 0 0)\n(Spacing 2 2 2)\n'
    '(Origin -40 -30 -24)\n(Direction 1 0 0 0 1 0 0 0 1)\n(UseDirectionCosines "true")\n'
    '(ResampleInterpolator "FinalBSplineInterpolator")\n(FinalBSplineInterpolationOrder 3)\n'
    '(Resampler "DefaultResampler")\n'
    '(DefaultPixelValue 0)\n(ResultImageFormat "nii")\n(ResultImagePixelType "float")\n(CompressResultImage "false")\n'
)
(given["fay"] / "field.mha").write_bytes((given["anna"] / "field.mha").read_bytes()[:4000])
marks = rng.uniform(box[0] * 0.8, box[1] * 0.8, (40, 3))
landmarks = root / "marks.json"
listed = [
    {"planning_mm": mark.tolist(), "moved_mm": (mark + move).tolist()}
    for mark, move in zip(marks, bent(marks), strict=True)
]
landmarks.write_text(json.dumps(listed))
done = compare.compare_class(landmarks, given, root / "marks-out")
facts["marks"] = {"rows": rows_of(done), "text": str(done), "images": done.page.read_text().count("<img")}
if len(sys.argv) > 2:
    Path(sys.argv[2], "transforms.html").write_text(done.page.read_text())
facts["straight"] = float(np.linalg.norm(np.array([4, -1, -2]) - bent(marks), axis=1).mean())
table = root / "marks.csv"
lines = [",".join(map(str, [*mark, *(mark + move)])) for mark, move in zip(marks, bent(marks), strict=True)]
table.write_text("\n".join(["x,y,z,x2,y2,z2", *lines]))
facts["table"] = [row["mean_error_mm"] for row in rows_of(compare.compare_class(table, given, root / "table-out"))]
done = compare.compare_class(given["carl"], given, root / "field-out")
facts["field"] = {row["participant"]: row for row in rows_of(done)}
second = SimpleITK.GetArrayFromImage(SimpleITK.DisplacementFieldJacobianDeterminant(field)).transpose(2, 1, 0)
inner_places = places[4:-4:4, 4:-4:4, 4:-4:4].reshape(-1, 3)
ours = jacobian(transform_at(given["anna"]), inner_places)
facts["jacobian"] = [float(np.abs(ours - second[4:-4:4, 4:-4:4, 4:-4:4].ravel()).max()), float(np.ptp(ours))]
by_itk = SimpleITK.DisplacementFieldTransform(SimpleITK.Cast(field, SimpleITK.sitkVectorFloat64))
moved = transform_at(root / "transforms" / "carl").moves(marks)
there = np.array([by_itk.TransformPoint(mark.tolist()) for mark in marks])
facts["itk"] = float(np.abs(marks + moved - there).max())
nothing = root / "nothing"
nothing.mkdir()
(nothing / "README.md").write_text("words")
try:
    compare.compare_class(nothing, given, root / "nothing-out")
except UnusableDataError as error:
    facts["refused"] = str(error)
print(json.dumps(facts))
