"""Takes out of the package itk-core what elastix does not need: half of it.

Only where the elastix library comes from the package itk-elastix (Linux on ARM). The rest could not be used anyhow:
most of it needs ITK's other packages, which are not installed.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

MODULES = (
    "ITKCommonBasePython",
    "elxParameterObjectPython",
    "itkElastixRegistrationMethodPython",
    "itkImagePython",
    "itkMatrixPython",
    "itkPyBufferPython",
    "itkTransformixFilterPython",
)
"""The modules of `itk` that `skrt_workspace.engines.itk_elastix` imports; they import others that they need."""
_IMPORTED = """\
import importlib, sys
for name in sys.argv[1:]:
    importlib.import_module(f"itk.{name}")
print(*(module.__file__ for module in sys.modules.values() if getattr(module, "__file__", None)), sep="\\n")
"""


def prune(site: Path) -> int:
    """Keep what importing `MODULES` reads. Returns the bytes that were freed; 0 where there is no itk-elastix.

    Raises CalledProcessError where a module cannot be imported, and RuntimeError where another copy of it was.
    """
    folder = site / "itk"
    if not (folder / f"{MODULES[2]}.py").exists():
        return 0
    done = subprocess.run([sys.executable, "-c", _IMPORTED, *MODULES], check=True, stdout=subprocess.PIPE, text=True)
    # The same file may have several paths: lib64 is a link to lib on some systems.
    kept = {Path(line).resolve() for line in done.stdout.splitlines()}
    folder = folder.resolve()
    if not all(folder / f"{name}.py" in kept for name in MODULES):
        raise RuntimeError(f"The modules of {folder} were imported from somewhere else.")
    freed = 0
    for path in folder.rglob("*"):
        if path.is_file() and path.suffix != ".pyc" and path.resolve() not in kept:
            freed += path.stat().st_size
            path.unlink()
    return freed
