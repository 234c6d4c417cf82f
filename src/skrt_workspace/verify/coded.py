"""Steps: DICOM that is stored compressed, as clinics' archives do it, is read with the values that it had before.

The files in `cases/` are one piece of a slice of the phantom, once plain and once in each transfer syntax.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

from skrt_workspace.verify.result import Found, require

FOLDER = Path(__file__).parent / "cases"
PLAIN = "plain"
# By file: what it is called in DICOM, and by how much a value may differ (in the unit of the stored values, HU here).
SYNTAXES = {
    "jpeg-lossless-first-order": ("JPEG lossless, selection value 1", 0),
    "jpeg-lossless": ("JPEG lossless, process 14", 0),
    "jpeg-12-bit": ("JPEG extended, 12 bits", 2),
    "jpeg-ls": ("JPEG-LS", 0),
    "jpeg-ls-near": ("JPEG-LS near-lossless", 2),
    "jpeg-2000": ("JPEG 2000", 0),
    "htj2k": ("HTJ2K", 0),
}


def compressed(name: str) -> Found:
    """Read the file of that name with scikit-rt, and compare each value with the plain one's."""
    import numpy as np  # noqa: PLC0415

    title, allowed = SYNTAXES[name]
    plain, found = values(PLAIN), values(name)
    require(plain.shape == (40, 48, 1) == found.shape, f"{title}: the image has another shape: {found.shape}", {})
    numbers = {"largest_difference_hu": float(np.abs(found - plain).max()), "mean_hu": float(found.mean())}
    off = numbers["largest_difference_hu"]
    require(off <= allowed, f"{title}: a value is off by {off:g} HU, and {allowed} may be", numbers)
    return Found(f"{title}: {found.size} values as in the plain file, off by {off:g} HU at most", numbers)


def values(name: str) -> Any:
    """One file as scikit-rt reads it, which would read the other files of the series beside it, too."""
    import skrt  # noqa: PLC0415

    with tempfile.TemporaryDirectory(prefix="verify-") as folder:
        copy = shutil.copy(FOLDER / f"{name}.dcm", folder)
        return skrt.Image(str(copy)).get_data()
