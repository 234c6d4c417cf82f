"""Plant values in files, clean them, and look for what is left; prints facts as JSON.

Run by the participants' Python: `privacy_facts.py FOLDER [FOLDER OF MORE DICOM FILES]`.
"""

import contextlib
import hashlib
import json
import random
import re
import shutil
import string
import subprocess
import sys
import warnings
from pathlib import Path

import pydicom
from pydicom.datadict import DicomDictionary
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import UID_dictionary

from skrt_workspace import phantom
from skrt_workspace.data import privacy
from skrt_workspace.data.privacy.pseudonyms import Pseudonyms

warnings.simplefilter("ignore")
root = Path(sys.argv[1])
others = Path(sys.argv[2]) if len(sys.argv) > 2 else None
draw = random.Random(8)
KEY = bytes(range(32))
TEXT = {"LO": 60, "SH": 16, "ST": 200, "LT": 200, "UT": 200, "UC": 60, "PN": 60, "AE": 16}
# Codes and the words for machines and algorithms: what is left on purpose.
LEFT = {"CodeValue", "CodeMeaning", "CodingSchemeDesignator", "CodingSchemeVersion", "ConvolutionKernel", "FilterType",
        "LUTExplanation", "Manufacturer", "ManufacturerModelName", "PositionReferenceIndicator", "RescaleType",
        "SequenceName", "SoftwareVersions", "WindowCenterWidthExplanation", "ModalityLUTType"}  # fmt: skip
# Two numbers of one patient from two hospitals are two patients.
LEFT.add("IssuerOfPatientID")
NAMES = [
    (entry[4], entry[0])
    for tag, entry in DicomDictionary.items()
    if entry[0] in TEXT and entry[4] and entry[4] not in LEFT and tag >> 16 > 2 and entry[1] == "1"
]


def planted(length):
    return "".join(draw.choice(string.ascii_uppercase) for _ in range(max(8, length)))


def plant(data, number, found):
    """Values in so many attributes of a data set, and in private ones."""
    for keyword, kind in draw.sample(NAMES, number):
        value = planted(min(14, TEXT[kind]))
        if keyword not in data and keyword != "ROIName":
            with contextlib.suppress(Exception):
                setattr(data, keyword, value)
                found.add(value)
    block = data.private_block(0x0029, "OTHER MAKER", create=True)
    value = planted(14)
    block.add_new(1, "LO", value)
    found.add(value)


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


def left_in(folder, values):
    """What of the planted values is still there, in bytes or in names."""
    wanted = [value.encode() for value in values if len(value) >= 6]
    found = set()
    for path in folder.rglob("*"):
        text = str(path.relative_to(folder)).encode()
        if path.is_file():
            data, content = pydicom.dcmread(path), path.read_bytes()
            if "PixelData" in data:
                content = content.replace(data.PixelData, b"")
                del data.PixelData
            text += b"".join(str(element).encode() for element in data.iterall()) + content[: 1 << 20]
        found |= {value.decode() for value in wanted if value in text}
    return sorted(found)


def references(folder, wanted=None):
    """How many references of a folder resolve in it, and how many do not; only in files that are `wanted`."""
    items = []
    for path in folder.rglob("*"):
        with contextlib.suppress(Exception):
            item = pydicom.dcmread(path, stop_before_pixels=True, force=True)
            if "SOPInstanceUID" in item and (wanted is None or wanted(item)):
                items.append(item)
    known = {str(item.SOPInstanceUID) for item in items} | {str(item.StudyInstanceUID) for item in items}
    known |= {str(item.SeriesInstanceUID) for item in items}
    frames = {str(item.FrameOfReferenceUID) for item in items if "FrameOfReferenceUID" in item}
    good = bad = 0
    for item in items:
        for element in item.iterall():
            if element.keyword in ("ReferencedSOPInstanceUID", "ReferencedFrameOfReferenceUID"):
                resolves = str(element.value) in (frames if "Frame" in element.keyword else known)
                good, bad = good + resolves, bad + (not resolves)
    return {"good": good, "bad": bad}


def dates(folder):
    found = {}
    for path in folder.rglob("*.dcm"):
        item = pydicom.dcmread(path, stop_before_pixels=True)
        found.setdefault(item.Modality, str(item.get("SeriesDate", "")) + str(item.get("SeriesTime", "")))
    return found


def days(text):
    from datetime import date

    return date(int(text[:4]), int(text[4:6]), int(text[6:8])).toordinal()


def contents_of(folder):
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*.dcm")}


def pixels(folder):
    """The hashes of all pixels, whatever the files are called."""
    items = [pydicom.dcmread(path) for path in folder.rglob("*.dcm")]
    return sorted(hashlib.sha256(item.PixelData).hexdigest() for item in items if "PixelData" in item)


def validated(folder):
    """Files that dcmtk does not take for DICOM, or cannot show in full; None where dcmtk is not installed."""
    if shutil.which("dcmftest") is None:
        return None
    files = sorted(folder.rglob("*.dcm"))
    told = []
    for program in (["dcmftest"], ["dcmdump", "-q"]):
        done = subprocess.run([*program, *files], capture_output=True, text=True, check=False)
        if done.returncode or "error" in done.stderr.lower():
            told.append(
                f"{program[0]}: {done.stderr}" + "".join(s for s in done.stdout.splitlines(True) if s[:3] == "no:")
            )
    return told


def new_faults(before, after, key):
    """What dciodvfy calls an error in cleaned files and not in those that they were made of; None without it."""
    if shutil.which("dciodvfy") is None:
        return None
    made = {}
    for path in sorted(after.rglob("*.dcm")):
        made.setdefault(str(pydicom.dcmread(path, stop_before_pixels=True).SOPInstanceUID), []).append(path)
    found = {}
    for path in before.rglob("*"):
        with contextlib.suppress(Exception):
            uid = str(pydicom.dcmread(path, stop_before_pixels=True, force=True).SOPInstanceUID)
            for copy in made.get(Pseudonyms(key).uid(uid), ()):
                found.setdefault(copy, set()).update(faults(path))
    assert len(found) == sum(map(len, made.values())), "each copy is compared"
    return sorted({fault for copy, known in found.items() for fault in faults(copy) - known})


def faults(path):
    done = subprocess.run(["dciodvfy", path], capture_output=True, text=True, errors="replace", check=False)
    lines = (done.stdout + done.stderr).splitlines()
    # Identifiers and values differ, and are not what is compared.
    return {re.sub(r"<[\d.]*>|value <[^>]*>", "<>", line) for line in lines if line.startswith("Error")}


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
if others is not None:
    survey = privacy.survey(others)
    cleaned = privacy.clean(others, root / "others", KEY)
    uids, texts = set(), set()
    there = {str(pydicom.dcmread(p, stop_before_pixels=True).SOPInstanceUID) for p in (root / "others").rglob("*.dcm")}

    def kept(header):
        """Whether a file was cleaned, and not left out."""
        return Pseudonyms(KEY).uid(str(header.get("SOPInstanceUID", ""))) in there

    for path in others.rglob("*"):
        with contextlib.suppress(Exception):
            item = pydicom.dcmread(path, stop_before_pixels=True)
            made_by = str(item.get("Manufacturer", ""))
            for name in ("PatientName", "PatientID", "ReferringPhysicianName", "InstitutionName", "AccessionNumber"):
                texts.add(str(item.get(name, "")))
            # What is part of the manufacturer's name stands in files of its own right.
            texts = {text for text in texts if text not in made_by}
            uids |= {str(item.get(name, "")) for name in ("SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID")}
    facts["others"] = {
        "surveyed": survey.files,
        "cleaned": cleaned.files,
        "there": sum(1 for path in (root / "others").rglob("*") if path.is_file()),
        "twice_the_same": privacy.clean(others, root / "others again", KEY).files == cleaned.files
        and contents_of(root / "others") == contents_of(root / "others again"),
        "new_faults": new_faults(others, root / "others", KEY),
        "references": [references(place, made_by) for place, made_by in ((others, kept), (root / "others", None))],
        "left_out": cleaned.left_out,
        "left": left_in(
            root / "others", {text for text in texts | uids if len(text) >= 6 and text not in UID_dictionary}
        ),
        "dcmtk": validated(root / "others"),
    }
print(json.dumps(facts))
