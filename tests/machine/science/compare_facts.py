"""Compare structures whose agreement is known, and against a second implementation; prints facts as JSON."""

import csv
import json
import sys
import warnings
from pathlib import Path

import numpy as np
import pydicom
import SimpleITK
from scipy import ndimage

from skrt_workspace import compare, phantom
from skrt_workspace.compare.masks import frame_of, mask_of
from skrt_workspace.compare.structures import measure
from skrt_workspace.data.structure_rules import Contours
from skrt_workspace.names import is_structure_name, standard_name

warnings.simplefilter("ignore")
root = Path(sys.argv[1])


def box(x, y, width, depth, heights):
    corners = [(x, y), (x + width, y), (x + width, y + depth), (x, y + depth)]
    rings = tuple(np.array([(*corner, z) for corner in corners], float) for z in heights)
    return Contours(1, "GTV", None, rings, ())


def second(one, other):
    """The same numbers from SimpleITK and from distances in scipy, written on their own."""
    frame = frame_of(one, other)
    masks = [mask_of(part, frame) for part in (one, other)]
    images = [SimpleITK.GetImageFromArray(mask.astype(np.uint8)) for mask in masks]
    for image in images:
        image.SetSpacing(frame.spacing[::-1])
    overlap = SimpleITK.LabelOverlapMeasuresImageFilter()
    overlap.Execute(*images)
    surfaces = [mask & ~ndimage.binary_erosion(mask) for mask in masks]
    away = [ndimage.distance_transform_edt(~surface, sampling=frame.spacing) for surface in surfaces]
    there, back = away[1][surfaces[0]], away[0][surfaces[1]]
    return {
        "dice": overlap.GetDiceCoefficient(),
        "hd95_mm": float(max(np.percentile(there, 95), np.percentile(back, 95))),
        "mean_distance_mm": float((there.mean() + back.mean()) / 2),
    }


def numbers(found):
    return {
        "dice": found.dice,
        "surface_dice": found.surface_dice,
        "hd95_mm": found.hd95_mm,
        "mean_distance_mm": found.mean_distance_mm,
        "volume_ratio": found.volume_ratio,
        "volume_ml": found.volume_ml,
    }


planes = np.arange(0, 60, 3.0)
cube = box(0, 0, 60, 60, planes)
moved, smaller, higher = box(6, 0, 60, 60, planes), box(10, 10, 40, 40, planes), box(0, 0, 60, 60, planes + 6)
facts = {
    "same": numbers(measure(cube, cube)),
    "moved": numbers(measure(cube, moved)),
    "smaller": numbers(measure(cube, smaller)),
    "higher": numbers(measure(cube, higher)),
}
study = phantom.path() / "patients" / "Phantom-1"
planning = next((study / "20260105_090000").rglob("RTSTRUCT_*.dcm"))
others = sorted(study.glob("*/RTSTRUCT/CT/*/RTSTRUCT_*.dcm"))
deformed = next(path for path in others if path != planning)
from skrt_workspace.compare.structures import structure_file  # noqa: E402
from skrt_workspace.data.structure_rules import structures_of  # noqa: E402

here, there = (structures_of(structure_file(path)) for path in (planning, deformed))
facts["second"] = {
    one.name: [numbers(measure(one, other)), second(one, other)]
    for one, other in zip(here, there, strict=True)
    if one.name in ("Heart", "GTV", "SpinalCord")
}

# A class: anna hands in the reference, bob another, with other names, carl nothing usable, dora two structures less.
people = {name: root / name for name in ("anna", "bob", "carl", "=dora")}
for folder in people.values():
    folder.mkdir()


def keep(item, names):
    """A structure set with these structures only: the large ones take long."""
    item.StructureSetROISequence = [roi for roi in item.StructureSetROISequence if roi.ROIName in names]
    numbers = {roi.ROINumber for roi in item.StructureSetROISequence}
    item.ROIContourSequence = [roi for roi in item.ROIContourSequence if roi.ReferencedROINumber in numbers]
    return item


WANTED = ("Lung_L", "Heart", "SpinalCord", "Esophagus", "GTV")
reference = root / "reference.dcm"
keep(pydicom.dcmread(planning), WANTED).save_as(reference)
(people["anna"] / "s.dcm").write_bytes(reference.read_bytes())
item = keep(pydicom.dcmread(deformed), WANTED)
for roi in item.StructureSetROISequence:
    roi.ROIName = {"Heart": "heart", "SpinalCord": "Spinal Cord", "Lung_L": "Left lung", "Esophagus": "Oesofagus"}.get(
        roi.ROIName, roi.ROIName
    )
item.save_as(people["bob"] / "s.dcm")
(people["carl"] / "s.dcm").write_bytes(reference.read_bytes()[:5000])
keep(pydicom.dcmread(planning), WANTED[2:]).save_as(people["=dora"] / "s.dcm")
done = compare.compare_class(reference, people, root / "out")
with done.table.open(encoding="utf-8-sig", newline="") as stream:
    rows = list(csv.DictReader(stream))
facts["rows"] = rows
facts["text"] = str(done)
facts["page"] = [done.page.stat().st_size, "<script" in done.page.read_text(), done.page.read_text().count("<img")]
facts["names"] = {
    name: [*standard_name(name), is_structure_name(name)]
    for name in (
        "Heart",
        "heart",
        "Left lung",
        "Lung_L",
        "Oesofagus",
        "PTV_60Gy",
        "ptv1",
        "Müller",
        "Cord",
        "Lung_MUELLER",
    )
}
print(json.dumps(facts))
