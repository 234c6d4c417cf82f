"""Clean all files that pydicom ships, as they are and with values planted everywhere; prints facts as JSON.

Run by the participants' Python: `privacy_shipped_facts.py FOLDER PYDICOM'S FILES`.
"""

import contextlib
import json
import sys
import warnings
from pathlib import Path

import pydicom
from planting import contents_of, left_in, new_faults, plant, planted, references, validated
from pydicom.dataset import FileMetaDataset
from pydicom.uid import UID_dictionary

from skrt_workspace.data import privacy
from skrt_workspace.data.privacy.pseudonyms import Pseudonyms

warnings.simplefilter("ignore")
root, shipped = Path(sys.argv[1]), Path(sys.argv[2])
KEY = bytes(range(32))
WHO = ("PatientName", "PatientID", "ReferringPhysicianName", "InstitutionName", "AccessionNumber")
OWN = ("SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID")


def as_shipped():
    """The values that tell who somebody is in the files as they are."""
    uids, texts = set(), set()
    for path in shipped.rglob("*"):
        with contextlib.suppress(Exception):
            item = pydicom.dcmread(path, stop_before_pixels=True)
            made_by = str(item.get("Manufacturer", ""))
            texts |= {str(item.get(name, "")) for name in WHO}
            # What is part of the manufacturer's name stands in files of its own right.
            texts = {text for text in texts if text not in made_by}
            uids |= {str(item.get(name, "")) for name in OWN}
    return {text for text in texts | uids if len(text) >= 6 and text not in UID_dictionary}


def plant_all(item, found):
    """Values in every data set of a file, and around it."""
    for element in list(item.iterall()):
        for inner in element.value if element.VR == "SQ" else ():
            plant(inner, 3, found)
    plant(item, 20, found)
    words = [planted(12) for _ in range(8)]
    found |= set(words)
    item.PatientName, item.PatientID, item.PatientComments = words[:3]
    if not getattr(item, "file_meta", None):
        item.file_meta = FileMetaDataset()
    item.file_meta.SourceApplicationEntityTitle = words[3]
    item.preamble = words[4].encode().ljust(128, b"\0")
    item.add_new(0x60004000, "LT", words[5])  # beside an overlay
    item.add_new(0xFFFCFFFC, "OB", words[6].encode())  # after the end
    item.add_new(0x00420011, "OB", words[7].encode())  # a document within


def write_planted(folder):
    """All files that say what they are, with values planted."""
    found = set()
    folder.mkdir()
    for number, path in enumerate(sorted(path for path in shipped.rglob("*") if path.is_file())):
        try:
            item = pydicom.dcmread(path, force=True)
        except Exception:
            continue
        if item.get("SOPClassUID"):
            plant_all(item, found)
            item.save_as(folder / f"{number:03}.dcm", enforce_file_format="TransferSyntaxUID" in item.file_meta)
    return found


def files_in(folder):
    return sum(1 for path in folder.rglob("*") if path.is_file())


def kept(header):
    """Whether a file was cleaned, and not left out."""
    return Pseudonyms(KEY).uid(str(header.get("SOPInstanceUID", ""))) in there


survey = privacy.survey(shipped)
cleaned = privacy.clean(shipped, root / "clean", KEY)
again = privacy.clean(shipped, root / "clean again", KEY)
values = write_planted(root / "planted")
marked = privacy.clean(root / "planted", root / "marked", KEY)
privacy.clean(root / "planted", root / "marked again", KEY)
table = privacy.survey(next(path for path in shipped.rglob("DICOMDIR") if path.parent.name == "dicomdirtests"))
headers = [pydicom.dcmread(path, stop_before_pixels=True) for path in (root / "clean").rglob("*.dcm")]
there = {str(header.SOPInstanceUID) for header in headers}
facts = {
    "table_of_contents": [str(one) for one in table.named if one.certain],
    "surveyed": survey.files,
    "cleaned": cleaned.files,
    "there": files_in(root / "clean"),
    "twice_the_same": again.files == cleaned.files
    and contents_of(root / "clean") == contents_of(root / "clean again")
    and contents_of(root / "marked") == contents_of(root / "marked again"),
    "new_faults": new_faults(shipped, root / "clean", KEY),
    "references": [references(place, wanted) for place, wanted in ((shipped, kept), (root / "clean", None))],
    "left_out": cleaned.left_out,
    "left": left_in(root / "clean", as_shipped()),
    "dcmtk": validated(root / "clean"),
    "planted": len(values),
    "planted_found": len(left_in(root / "planted", values)),
    "marked": [marked.files, files_in(root / "marked")],
    "marked_left_out": marked.left_out,
    "marked_left": left_in(root / "marked", values),
    "marked_dcmtk": validated(root / "marked"),
}
print(json.dumps(facts))
