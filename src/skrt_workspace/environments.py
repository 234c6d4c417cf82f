"""The class's environments, as a participant's server is told of them, and the kernels that the others give."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

CHOSEN_VARIABLE = "SKRT_ENVIRONMENT"
"""The name of the environment that the server runs in; empty for the first one."""
OTHERS_VARIABLE = "SKRT_OTHER_ENVIRONMENTS"
"""The folders of the others, by name, as JSON."""
FIRST = "scikit-rt"
"""What the first one is called among the others."""


def others(variables: Mapping[str, str] = os.environ) -> dict[str, Path]:
    """The environments beside this one whose kernels can be had; what a participant wrote there is no obstacle."""
    try:
        told = json.loads(variables.get(OTHERS_VARIABLE, ""))
        folders = {str(name): Path(folder) for name, folder in told.items()}
    except (ValueError, AttributeError, TypeError):
        return {}
    return {name: folder for name, folder in folders.items() if (folder / "bin" / "python").exists()}


def title(name: str) -> str:
    """What JupyterLab calls the kernel of an environment."""
    return f"Python 3 ({name})"


def kernel(name: str, folder: Path, variables: Mapping[str, str] = os.environ) -> dict[str, Any]:
    """The description of the kernel in another environment. Its commands come first in PATH: `!pip` is its own."""
    paths = variables.get("PATH", os.defpath).split(os.pathsep)
    return {
        "argv": [str(folder / "bin" / "python"), "-m", "ipykernel_launcher", "-f", "{connection_file}"],
        "display_name": title(name),
        "language": "python",
        "env": {"PATH": os.pathsep.join((str(folder / "bin"), *paths)), CHOSEN_VARIABLE: "" if name == FIRST else name},
        "metadata": {"debugger": True},
    }
