"""Names of structures: those of the report of AAPM Task Group 263, and which of them somebody's own spelling means.

The list has the report's primary names for the organs that planning studies hold most often (Mayo et al., Int. J.
Radiat. Oncol. Biol. Phys. 100(4), 2018), without sides; sides and relations to targets follow its grammar."""

from __future__ import annotations

import re
from difflib import get_close_matches

PRIMARY = (
    "A_Aorta", "A_Carotid", "A_Coronary", "A_LAD", "A_Pulmonary", "Atrium", "Bag_Bowel", "Bladder", "Body", "Bone",
    "Bone_Mandible", "Bone_Pelvic", "Bowel", "Bowel_Large", "Bowel_Small", "Brachial", "BrachialPlex", "Brain",
    "Brainstem", "Breast", "Bronchus", "BuccalMucosa", "Canal_Anal", "Carina", "CaudaEquina", "Cavity_Oral",
    "Cerebellum", "Cerebrum", "Chestwall", "Cochlea", "Colon", "Cornea", "Couch", "Duodenum", "Ear_Internal",
    "Ear_Middle", "Esophagus", "Esophagus_S", "External", "Eye", "FemoralHead", "Femur", "Femur_Head", "Gallbladder",
    "Genitals", "Glnd_Adrenal", "Glnd_Lacrimal", "Glnd_Submand", "Glnd_Thyroid", "GreatVes", "Heart", "Hippocampus",
    "Humerus", "Hypothalmus", "Jejunum", "Joint_TM", "Kidney", "Kidney_Cortex", "Kidneys", "Larynx", "Larynx_SG",
    "Lens", "Lips", "Liver", "LN", "Lobe_Temporal", "Lung", "Lungs", "Macula", "Mediastinum", "Musc_Constrict",
    "OpticChiasm", "OpticNrv", "Ovary", "Pancreas", "Parotid", "PenileBulb", "Pericardium", "Pharynx", "Pituitary",
    "Prostate", "Rectum", "Retina", "Rib", "Ribs", "Sacrum", "SeminalVes", "Skin", "Skull", "SpinalCanal", "SpinalCord",
    "SpinalCord_PRV", "Spleen", "Sternum", "Stomach", "Testis", "Thymus", "Tongue", "Trachea", "Ureter", "Urethra",
    "Uterus", "V_Venacava_I", "V_Venacava_S", "Vagina", "VB", "Ventricle", "Vulva",
)  # fmt: skip
_TARGET = re.compile(
    r"^(i|e)?(GTV|CTV|PTV|ITV|IGTV|ICTV)([npsv]{0,2})?\d{0,2}(_[A-Z]{1,4}\d{0,2})*(_\d{1,5}(Gy|cGy)?)?$", re.IGNORECASE
)
_SIDE = re.compile(r"_(L|R|A|P|I|S|RUL|RML|RLL|LUL|LLL|NAdj|Ant|Post|PRV\d{0,2})$", re.IGNORECASE)
_KNOWN = {name.lower(): name for name in PRIMARY}
_PLAIN = {
    "cord": "SpinalCord", "spinalcord": "SpinalCord", "myelon": "SpinalCord", "oesophagus": "Esophagus",
    "esophagus": "Esophagus", "herz": "Heart", "lunge": "Lung", "leber": "Liver", "skin": "External",
    "body": "External",
    "patient": "External", "outline": "External", "tumor": "GTV", "tumour": "GTV", "blase": "Bladder",
    "niere": "Kidney", "hirnstamm": "Brainstem", "bronchi": "Bronchus", "aorta": "A_Aorta",
}  # fmt: skip
_SIDES = {
    "left": "_L",
    "l": "_L",
    "lt": "_L",
    "li": "_L",
    "links": "_L",
    "right": "_R",
    "r": "_R",
    "rt": "_R",
    "re": "_R",
    "rechts": "_R",
}


def is_structure_name(name: str) -> bool:
    """Whether a name follows the report: an organ with its side, or a target. Such a name says nothing of a person."""
    base, sides = name.strip(), 0
    if _TARGET.match(base):
        return True
    while base.lower() not in _KNOWN and (side := _SIDE.search(base)) and sides < 2:
        base, sides = base[: side.start()], sides + 1
    return base.lower() in _KNOWN


def standard_name(name: str) -> tuple[str, bool]:
    """The report's name that somebody's spelling means, and whether that is sure; where none is near, the name."""
    text = name.strip()
    if is_structure_name(text):
        base, side = _split_side(text)
        return _KNOWN.get(base.lower(), base.upper() if _TARGET.match(base) else base) + side, True
    words = [word for word in re.split(r"[^0-9a-z]+", re.sub(r"([a-z])([A-Z])", r"\1 \2", text).lower()) if word]
    side = next((_SIDES[word] for word in words if word in _SIDES), "")
    rest = "".join(word for word in words if word not in _SIDES)
    if rest in _PLAIN:
        return _PLAIN[rest] + side, True
    plain = {known.replace("_", ""): name for known, name in _KNOWN.items()}
    if rest in plain or rest.rstrip("s") in plain:
        return plain.get(rest, plain.get(rest.rstrip("s"), rest)) + side, True
    if target := re.match(r"^(gtv|ctv|ptv|itv)(\d{0,2})", rest):
        return target.group(1).upper() + target.group(2), rest == target.group(0)
    near = get_close_matches(rest, [*plain, *_PLAIN], 1, 0.8)
    return (plain.get(near[0]) or _PLAIN[near[0]]) + side if near else text, False


def _split_side(name: str) -> tuple[str, str]:
    if name.lower() in _KNOWN or _TARGET.match(name):
        return name, ""
    side = _SIDE.search(name)
    if side is None:
        return name, ""
    return name[: side.start()], side.group(0)[:1] + side.group(1)[:1].upper() + side.group(1)[1:]
