"""What happens to an attribute: the standard's table, and careful rules for what the table does not name.

The table names attributes that hold identity. Free text anywhere else may hold it too, so text that is not on a short
list of technical attributes is replaced. Numbers, codes and pixels stay."""

from __future__ import annotations

import functools
from enum import Enum
from pathlib import Path
from typing import Any

from skrt_workspace.names import is_structure_name


class Action(Enum):
    """What is done with one attribute."""

    KEEP = "kept"
    REMOVE = "removed"
    EMPTY = "emptied"
    REPLACE = "replaced"
    NEW_UID = "given a new identifier"
    SHIFT = "shifted in time"


_CODES = {"X": Action.REMOVE, "Z": Action.EMPTY, "D": Action.REPLACE, "U": Action.NEW_UID}
_TEXT = frozenset({"LO", "SH", "ST", "LT", "UT", "UC", "UR", "PN", "AE"})
_BYTES = frozenset({"OB", "OW", "OD", "OF", "OL", "OV", "UN"})
_PIXELS = frozenset({"PixelData", "FloatPixelData", "DoubleFloatPixelData", "EncapsulatedPixelDataValueTotalLength"})
_LOOKUP = frozenset({f"{colour}PaletteColorLookupTableData" for colour in ("Red", "Green", "Blue")})
TECHNICAL = frozenset(
    {
        "CodeMeaning", "CodeValue", "CodingSchemeDesignator", "CodingSchemeVersion", "ConvolutionKernel",
        "FilterType", "LUTExplanation", "LongCodeValue", "Manufacturer", "ManufacturerModelName",
        "PositionReferenceIndicator", "ROIName", "RescaleType", "SequenceName", "SoftwareVersions",
        "URNCodeValue", "WindowCenterWidthExplanation", "ContrastBolusAgent", "ModalityLUTType",
    }
)  # fmt: skip
"""Text attributes that describe machines and images, not people."""
_KEPT_UIDS = frozenset({"CodingSchemeUID", "ContextUID", "MappingResourceUID", "ContextGroupExtensionCreatorUID"})
_OURS = frozenset({"PatientID", "PatientName"})
NUMBERED = {"ROIName": ("ROI", "ROINumber"), "SegmentLabel": ("Segment", "SegmentNumber")}
"""Names of structures: those of the report stay, others become this word and number."""


@functools.cache
def table() -> dict[int, Action]:
    """The standard's table by tag."""
    found = {}
    for line in Path(__file__).with_name("profile.txt").read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            tag, code = line.split()
            found[int(tag.replace(",", ""), 16)] = _CODES[code]
    return found


def action(element: Any) -> Action:
    """What to do with one element of a data set; those that hold sequences are walked where they are kept."""
    tag, kind = element.tag, str(element.VR)
    if tag.is_private or 0x5000 <= tag.group < 0x5100 or 0x6000 <= tag.group < 0x6100:
        return Action.REMOVE
    listed = table().get(int(tag))
    if kind == "SQ":
        return Action.REMOVE if listed is Action.REMOVE else Action.KEEP
    if kind == "UI":
        return _of_uid(element, listed)
    if kind in ("DA", "DT", "TM"):
        return _of_time(element, kind)
    if listed is not None or element.keyword in NUMBERED:
        return _listed(element, listed or Action.REPLACE)
    return _unlisted(element, kind)


def _of_time(element: Any, kind: str) -> Action:
    """Days move, times of day stay; a day of birth is no event whose distance from others matters: it goes."""
    if str(element.keyword).startswith("PatientBirth"):
        return Action.EMPTY
    return Action.KEEP if kind == "TM" else Action.SHIFT


def _of_uid(element: Any, listed: Action | None) -> Action:
    """New ones for all but the standard's own, whether the table names them or not: references must resolve."""
    if element.keyword in _KEPT_UIDS:
        return Action.KEEP
    from pydicom.uid import UID_dictionary  # noqa: PLC0415 - heavy

    values = element.value if element.VM > 1 else [element.value]
    # Its registry, and not its root: files were made whose own identifiers borrow that.
    if all(str(value) in UID_dictionary for value in values if value):
        return Action.KEEP
    return Action.NEW_UID


def _listed(element: Any, listed: Action) -> Action:
    if element.keyword in NUMBERED:
        return Action.KEEP if is_structure_name(str(element.value)) else Action.REPLACE
    return Action.REPLACE if element.keyword in _OURS else listed


def _unlisted(element: Any, kind: str) -> Action:
    if kind in _BYTES:
        return Action.KEEP if element.keyword in _PIXELS | _LOOKUP else Action.REMOVE
    if kind in _TEXT:
        # Not emptied: some of these must not be empty, and which depends on the kind of file.
        return Action.KEEP if element.keyword in TECHNICAL else Action.REPLACE
    return Action.KEEP


def identifies(element: Any) -> bool:
    """Whether an element holds something that the profile takes away: what a survey tells."""
    if element.VR == "SQ" or element.is_empty or not str(element.value).strip():
        return False
    if element.tag.is_private:
        return str(element.VR) in _TEXT and len(str(element.value)) > 2
    listed = table().get(int(element.tag))
    return listed in (Action.REMOVE, Action.EMPTY, Action.REPLACE) and str(element.VR) in _TEXT | {"DA", "DT", "AS"}
