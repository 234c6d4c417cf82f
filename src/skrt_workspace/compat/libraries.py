"""Names that scikit-rt 0.8.2 takes from pydicom and matplotlib and that current releases no longer have.

Each function looks first: a library that still has the name is not touched.
"""

from __future__ import annotations

import sys


def mend() -> None:
    """Put back every missing name."""
    storage_sop_class_uids()
    read_file()
    get_cmap()


def storage_sop_class_uids() -> None:
    """`pydicom._storage_sopclass_uids`: the storage class identifiers, which are in `pydicom.uid` since pydicom 2.0."""
    try:
        import pydicom._storage_sopclass_uids  # noqa: PLC0415
    except ImportError:
        import pydicom  # noqa: PLC0415
        import pydicom.uid  # noqa: PLC0415

        sys.modules["pydicom._storage_sopclass_uids"] = pydicom.uid
        pydicom._storage_sopclass_uids = pydicom.uid


def read_file() -> None:
    """`pydicom.read_file`: the old name of `pydicom.dcmread`, removed in pydicom 3.0."""
    import pydicom  # noqa: PLC0415

    if not hasattr(pydicom, "read_file"):
        pydicom.read_file = pydicom.dcmread


def get_cmap() -> None:
    """`matplotlib.cm.get_cmap`: removed in matplotlib 3.9, `matplotlib.pyplot.get_cmap` does the same."""
    import matplotlib.cm  # noqa: PLC0415

    if not hasattr(matplotlib.cm, "get_cmap"):
        matplotlib.cm.get_cmap = _get_cmap


def _get_cmap(name: object = None, lut: int | None = None) -> object:
    """The colour map of that name (None: the default one), at `lut` levels."""
    import matplotlib  # noqa: PLC0415
    from matplotlib.colors import Colormap  # noqa: PLC0415

    if isinstance(name, Colormap):
        return name
    found = matplotlib.colormaps[matplotlib.rcParams["image.cmap"] if name is None else name]
    return found if lut is None else found.resampled(lut)
