"""Plant values in files, clean them, and look for what is left; prints facts as JSON.

Run by the participants' Python: `privacy_facts.py FOLDER`.
"""

import json
import sys
import warnings
from pathlib import Path

import nibabel
import numpy as np
import pydicom
from planting import contents_of, left_in, new_faults, pixels, plant, references, validated
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from skrt_workspace import phantom
from skrt_workspace.data import privacy

warnings.simplefilter("ignore")
root = Path(sys.argv[1])
KEY = bytes(range(32))


def make(folder):
    """The phantom's first study with a real patient's traces everywhere; returns what was planted."""
    found = {"MUELLER", "HILDEGARD", "KRANKENHAUS", "4711-0815", "DR.SCHWARZ"}
    source = phantom.path() / "patients" / "Phantom-1" / "20260105_090000"
    for path in sorted(source.rglob("*.dcm")):
        data = pydicom.dcmread(path)
        data.PatientName, data.PatientID, data.PatientBirthDate = "MUELLER^HILDEGARD", "4711-0815", "19370512"
        data.InstitutionName, data.ReferringPhysicianName = "KRANKENHAUS", "DR.SCHWARZ"
        del data.PatientIdentityRemoved
        found |= {str(uid) for uid in (data.SOPInstanceUID, data.SeriesInstanceUID, data.StudyInstanceUID)}
        found |= {str(data.get("FrameOfReferenceUID", data.SOPInstanceUID))}
        plant(data, 12, found)
        inner = Dataset()
        plant(inner, 6, found)
        data.RequestAttributesSequence = Sequence([inner])
        if data.Modality == "RTSTRUCT":
            for roi in data.StructureSetROISequence:
                roi.ROIDescription = "drawn by DR.SCHWARZ for MUELLER"
            data.StructureSetROISequence[0].ROIName = "MUELLER contour"
            plant(data.StructureSetROISequence[1], 4, found)
        place = folder / "MUELLER_HILDEGARD" / data.Modality / path.name
        place.parent.mkdir(parents=True, exist_ok=True)
        data.save_as(place)
    return found


def dates(folder):
    found = {}
    for path in folder.rglob("*.dcm"):
        item = pydicom.dcmread(path, stop_before_pixels=True)
        found.setdefault(item.Modality, str(item.get("SeriesDate", "")) + str(item.get("SeriesTime", "")))
    return found


def days(text):
    from datetime import date

    return date(int(text[:4]), int(text[4:6]), int(text[6:8])).toordinal()


def beside(folder):
    """Files beside images that tell who somebody is; and those that do not."""
    folder.mkdir()
    deep = {"series": [{"acquisition": {"PatientName": "MUELLER"}}], "Modality": "MR"}
    (folder / "deep.json").write_text(json.dumps(deep))
    dicom = {"00100010": {"vr": "PN", "Value": [{"Alphabetic": "MUELLER"}]}, "00100020": {"vr": "LO"}}
    (folder / "dicom.json").write_text(json.dumps([dicom]))
    (folder / "plain.json").write_text('{"PatientName": "", "EchoTime": 0.03}')
    for name, header in (("named", {"PatientName": "MUELLER"}), ("cleaned", {"PatientIdentityRemoved": "YES"})):
        image = nibabel.Nifti1Image(np.zeros((2, 2, 2), "i2"), np.eye(4))
        content = Dataset()
        content.update({"PatientID": "4711-0815"})
        for keyword, value in header.items():
            setattr(content, keyword, value)
        image.header.extensions.append(nibabel.nifti1.Nifti1DicomExtension(2, content))
        nibabel.save(image, folder / f"{name}.nii.gz")
    return {str(one): one.certain for one in privacy.survey(folder).named}


source, clean = root / "source", root / "clean"
values = make(source)
before = privacy.survey(source)
done = privacy.clean(source, clean, KEY)
again = privacy.clean(source, root / "again", KEY)
other = privacy.clean(source, root / "other", bytes(32))
after = privacy.survey(clean)
old, new = dates(source), dates(clean)
ct = pydicom.dcmread(next(clean.rglob("CT-*/*.dcm")))
structures = pydicom.dcmread(next(clean.rglob("RTSTRUCT-*/*.dcm")))
facts = {
    "planted": len(values),
    "before": {"clean": before.is_clean, "what": [str(one) for one in before.named]},
    "before_text": str(before),
    "after": {
        "clean": after.is_clean,
        "declared": after.declared_clean,
        "certain": [str(o) for o in after.named if o.certain],
    },
    "files": [sum(1 for _ in source.rglob("*.dcm")), done.files],
    "left_out": done.left_out,
    "beside": beside(root / "beside"),
    "left": left_in(clean, values),
    "left_in_source": len(left_in(source, values)),
    "references": [references(source), references(clean)],
    "twice_the_same": contents_of(clean) == contents_of(root / "again"),
    "other_key_differs": not contents_of(clean).keys() & contents_of(root / "other").keys(),
    "shift_days": sorted({days(old[kind]) - days(new[kind]) for kind in old}),
    "times_kept": all(old[kind][8:] == new[kind][8:] for kind in old),
    "codes": [str(item.CodeValue) for item in ct.DeidentificationMethodCodeSequence],
    "identity": [str(ct.PatientIdentityRemoved), str(ct.LongitudinalTemporalInformationModified)],
    "birth": str(ct.get("PatientBirthDate", "")),
    "structure_names": sorted(str(roi.ROIName) for roi in structures.StructureSetROISequence),
    "same_pixels": pixels(clean) == pixels(source),
    "dcmtk": validated(clean),
    "new_faults": new_faults(source, clean, KEY),
}
print(json.dumps(facts))
