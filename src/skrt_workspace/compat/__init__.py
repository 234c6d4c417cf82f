"""What scikit-rt 0.8.2 needs to run on current libraries, done when `skrt` is imported and at no other time.

0.8.2 was released in 2024 for libraries of 2022. Each mend below puts back one thing it uses and that is gone since.
Upstream changed the same places in its development version, so a newer scikit-rt is left alone; the last five mends
are for every version that has the place.

| Mend | Gone since | Used by scikit-rt for |
|---|---|---|
| `pydicom._storage_sopclass_uids` | pydicom 3.0 | class identifiers when DICOM is written; needed to import it at all |
| `pydicom.read_file` | pydicom 3.0 | the quick viewer's reading of DICOM files |
| `matplotlib.cm.get_cmap` | matplotlib 3.9 | colour maps of plots |
| `statistics` on NumPy integers | Python 3.11 | spread of metrics; only the `statistics` that `skrt.core` sees |
| bands without limits | NumPy 2.0 | a band that reaches to the ends of an image of small integers |
| values of NIfTI images kept twice | never there | memory: a third of each such image |
| images kept by `SyntheticImage` | never there | synthetic images and grids: gigabytes for one head |
| memory of freed images | never there | half of a kernel after many steps |
| figures of BetterViewer | never there | sliders under `%matplotlib widget` |
| JPEG with 12 bits | never there | reading DICOM files that are stored so; a decoder more for pydicom |
| numbers in transform files | elastix 5.1 | spacing, origin, transform parameters of a transform it changes |
"""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType

from skrt_workspace.compat import libraries, memory
from skrt_workspace.compat.versions import needs_mending

Execute = Callable[[ModuleType], None]


def load_skrt(module: ModuleType, execute: Execute) -> None:
    """Execute the package `skrt`, after the libraries it imports were mended for it."""
    memory.give_back()
    if needs_mending(module):
        libraries.mend()
    execute(module)


def load_skrt_core(module: ModuleType, execute: Execute) -> None:
    """Execute `skrt.core`, then let it see a `statistics` that takes NumPy's numbers."""
    execute(module)
    import sys  # noqa: PLC0415

    if needs_mending(sys.modules.get("skrt", module)):
        from skrt_workspace.compat.numbers import statistics_for_numpy  # noqa: PLC0415

        if hasattr(module, "statistics"):
            module.statistics = statistics_for_numpy()  # type: ignore[attr-defined]


def load_skrt_image(module: ModuleType, execute: Execute) -> None:
    """Execute `skrt.image`, then let it band images of small integers, and keep no copy of NIfTI images."""
    execute(module)
    import sys  # noqa: PLC0415

    if needs_mending(sys.modules.get("skrt", module)) and hasattr(module, "Image"):
        from skrt_workspace.compat.banding import mend_banding  # noqa: PLC0415
        from skrt_workspace.compat.standardising import mend_standardising  # noqa: PLC0415

        mend_banding(module)
        mend_standardising(module)


def load_skrt_simulation(module: ModuleType, execute: Execute) -> None:
    """Execute `skrt.simulation`, then let its synthetic images keep no copies of what they were."""
    execute(module)
    from skrt_workspace.compat.synthetic import mend_synthetic  # noqa: PLC0415

    if hasattr(module, "SyntheticImage"):
        mend_synthetic(module)


def load_skrt_registration(module: ModuleType, execute: Execute) -> None:
    """Execute `skrt.registration`, then let its elastix engine read the numbers of current transform files."""
    execute(module)
    from skrt_workspace.compat.transforms import mend_reader  # noqa: PLC0415

    if hasattr(module, "Elastix"):
        mend_reader(module)


def load_pydicom_decoders(module: ModuleType, execute: Execute) -> None:
    """Execute `pydicom.pixels.decoders.base`, then give it a decoder for JPEG with 12 bits a sample."""
    execute(module)
    from skrt_workspace.compat import twelve_bits  # noqa: PLC0415

    twelve_bits.add_to(module)


def load_skrt_better_viewer(module: ModuleType, execute: Execute) -> None:
    """Execute `skrt.better_viewer`, then let its viewer redraw in figures of ipympl."""
    execute(module)
    from skrt_workspace.compat.viewing import mend_viewer  # noqa: PLC0415

    if hasattr(module, "BetterViewer"):
        mend_viewer(module)
