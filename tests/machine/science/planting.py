"""Values planted in DICOM files, and what is looked for in the cleaned ones; for the programs of this folder."""

import contextlib
import hashlib
import random
import re
import shutil
import string
import subprocess

import pydicom
from pydicom.datadict import DicomDictionary

from skrt_workspace.data.privacy.pseudonyms import Pseudonyms

DRAW = random.Random(8)
TEXT = {"LO": 60, "SH": 16, "ST": 200, "LT": 200, "UT": 200, "UC": 60, "PN": 60, "AE": 16}
# Codes and the words for machines and algorithms: what is left on purpose.
LEFT = {
    "CodeValue", "CodeMeaning", "CodingSchemeDesignator", "CodingSchemeVersion", "ConvolutionKernel", "FilterType",
    "LUTExplanation", "LongCodeValue", "URNCodeValue", "Manufacturer", "ManufacturerModelName",
    "PositionReferenceIndicator", "RescaleType", "SequenceName", "SoftwareVersions", "WindowCenterWidthExplanation",
    "ModalityLUTType",
}  # fmt: skip
# Two numbers of one patient from two hospitals are two patients.
LEFT.add("IssuerOfPatientID")
NAMES = [
    (entry[4], entry[0])
    for tag, entry in DicomDictionary.items()
    if entry[0] in TEXT and entry[4] and entry[4] not in LEFT and tag >> 16 > 2 and entry[1] == "1"
]


def planted(length):
    return "".join(DRAW.choice(string.ascii_uppercase) for _ in range(max(8, length)))


def plant(data, number, found):
    """Values in so many attributes of a data set, and in private ones."""
    for keyword, kind in DRAW.sample(NAMES, number):
        value = planted(min(14, TEXT[kind]))
        if keyword not in data and keyword != "ROIName":
            with contextlib.suppress(Exception):
                setattr(data, keyword, value)
                found.add(value)
    block = data.private_block(0x0029, "OTHER MAKER", create=True)
    value = planted(14)
    block.add_new(1, "LO", value)
    found.add(value)


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
