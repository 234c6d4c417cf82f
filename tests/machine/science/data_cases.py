"""Folders of files with one fault each, and what scikit-rt and skrt_workspace.data make of them.

Run by the participants' Python: `data_cases.py FOLDER` prints facts as JSON. In each image there is one bright ball,
whose centre and value are known; a reader that finds it elsewhere, or with another value, is wrong.
"""

import contextlib
import io
import json
import sys
import warnings
from pathlib import Path

import image_cases as images
import numpy as np
import other_cases as others
import skrt
from image_cases import CENTRE

from skrt_workspace import data

root = Path(sys.argv[1])
CASES = [
    *(images.clean, images.missing, images.tilted, images.localizer, images.oblique, images.prone, images.sagittal),
    *(images.not_square, images.scaled, images.enhanced, images.phases, images.cut, images.cut_pixels),
    *(images.colours, images.table, images.no_geometry),
    *(others.brackets, others.mixed, others.same_names, others.few_points, others.slanting, others.other_frame),
    *(others.hole, others.island, others.channel, others.relative_dose, others.dose_with_a_gap),
    *(others.nifti_oblique, others.nifti_permuted, others.nifti_metres, others.nifti_several, others.nifti_colours),
    *(others.nifti_no_place, others.nifti_broken, others.nifti_field),
]


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
    for case in CASES:
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
