"""The list of fonts that matplotlib makes at its first import, made once for all participants.

Making it takes seconds, and a participant's home may be new or full; the list made at installation is read instead.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

FOLDER_IN_PREFIX = Path("share", "skrt-workspace", "matplotlib")
FOLDER = Path(sys.prefix) / FOLDER_IN_PREFIX


def load_font_manager(module: ModuleType, execute: Callable[[ModuleType], None]) -> None:
    """Execute `matplotlib.font_manager`, which reads its list while it is executed, with our folder as its cache.

    A participant's own list goes before ours: who installed fonts at home keeps them. matplotlib checks the version
    of the list itself and makes a new one where it does not fit.
    """
    import matplotlib as mpl  # noqa: PLC0415

    own = mpl.get_cachedir
    if not any(FOLDER.glob("fontlist-*.json")) or any(Path(own()).glob("fontlist-*.json")):
        execute(module)
        return
    mpl.get_cachedir = lambda: str(FOLDER)
    try:
        execute(module)
    finally:
        mpl.get_cachedir = own


def make_list(folder: Path = FOLDER) -> None:
    """Make the list in `folder`, for the fonts that this machine has now."""
    import os  # noqa: PLC0415
    import subprocess  # noqa: PLC0415

    folder.mkdir(parents=True, exist_ok=True)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    environment |= {"MPLCONFIGDIR": str(folder), "MPLBACKEND": "agg"}
    subprocess.run([sys.executable, "-c", "import matplotlib.font_manager"], env=environment, check=True)
