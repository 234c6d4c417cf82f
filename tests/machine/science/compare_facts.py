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
from skrt_workspace.compare.together import staple, together, votes_of
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
    missing = 0
    for here, there in zip(*masks, strict=True):  # each pixel of the reference's lines, by its distance to the others'
        lines = [mask & ~ndimage.binary_erosion(mask) for mask in (here, there)]
        far = ndimage.distance_transform_edt(~lines[1]) if lines[1].any() else np.full(here.shape, np.inf)
        missing += int((far[lines[0]] > 1.5).sum())
    away = [ndimage.distance_transform_edt(~surface, sampling=frame.spacing) for surface in surfaces]
    there, back = away[1][surfaces[0]], away[0][surfaces[1]]
    return {
        "dice": overlap.GetDiceCoefficient(),
        "hd95_mm": float(max(np.percentile(there, 95), np.percentile(back, 95))),
        "mean_distance_mm": float((there.mean() + back.mean()) / 2),
        "added_path_mm": float(missing),
    }


def numbers(found):
    return {
        "dice": found.dice,
        "surface_dice": found.surface_dice,
        "hd95_mm": found.hd95_mm,
        "mean_distance_mm": found.mean_distance_mm,
        "added_path_mm": found.added_path_mm,
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

# The class as a whole: boxes whose agreement is known, then people who differ, against SimpleITK's STAPLE.
cubes = {"one": cube, "two": cube, "three": moved}
whole = together(cube, votes_of(cube, cubes))
facts["together"] = {
    "pairs": whole.pairs_dice, "conformity": whole.conformity, "volume": whole.volume_ml,
    "majority": whole.majority_dice, "staple": whole.staple_dice,
    "with_others": [one.dice_with_others for one in whole.people],
}  # fmt: skip
heart = next(one for one in here if one.name == "Heart")


def shifted(by, scale=1.0):
    middle = np.concatenate(heart.closed).mean(axis=0)
    rings = tuple((ring - middle) * [scale, scale, 1] + middle + np.array(by) for ring in heart.closed)
    return Contours(1, "Heart", None, rings, ())


hearts = {str(n): shifted(by, scale) for n, (by, scale) in enumerate(
    [((0, 0, 0), 1), ((4, 0, 0), 1), ((-3, 2, 0), 1), ((0, 0, 0), 1.1), ((0, -5, 0), 0.9)])}  # fmt: skip
votes = votes_of(heart, hearts)
estimate, sensitivity, _ = staple(votes)
masks = [mask_of(one, votes.frame) for one in hearts.values()]
anybody = np.any(masks, axis=0)
filter_ = SimpleITK.STAPLEImageFilter()
filter_.SetForegroundValue(1)
likely = filter_.Execute([SimpleITK.GetImageFromArray(mask[anybody].astype(np.uint8)[None, None]) for mask in masks])
theirs = SimpleITK.GetArrayFromImage(likely).ravel() > 0.5
ours = votes.where(estimate > 0.5)[anybody]
facts["staple"] = {
    "differ": float((ours != theirs).mean()),
    "sensitivity": [[float(a), float(b)] for a, b in zip(sensitivity, filter_.GetSensitivity(), strict=True)],
    "conformity": [
        together(heart, votes).conformity,
        sum(int((a & b).sum()) for n, a in enumerate(masks) for b in masks[:n])
        / sum(int((a | b).sum()) for n, a in enumerate(masks) for b in masks[:n]),
    ],
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
facts["whole"] = [one.structure for one in done.together]
facts["words"] = [word in done.page.read_text() for word in ("The class as a whole", "STAPLE", "conformity")]
if len(sys.argv) > 2:
    Path(sys.argv[2]).write_text(done.page.read_text())
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
