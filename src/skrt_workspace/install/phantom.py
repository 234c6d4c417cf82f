"""The phantom's files, made once for all participants under `share/skrt-workspace/phantom`."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

FOLDER_IN_PREFIX = Path("share", "skrt-workspace", "phantom")


def make(prefix: Path) -> None:
    """Generate the phantom with `skrt_workspace.phantom.generate`, in a Python of its own that sees the environment."""
    if importlib.util.find_spec("skrt_workspace.phantom") is None:
        return
    folder = prefix / FOLDER_IN_PREFIX
    program = (
        "import sys; from pathlib import Path; from skrt_workspace.phantom import generate; generate(Path(sys.argv[1]))"
    )
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    subprocess.run([sys.executable, "-c", program, str(folder)], check=True, env=environment)
