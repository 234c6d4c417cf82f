"""Step: every library that the examples use can be imported, and which version it has."""

from __future__ import annotations

import importlib
from importlib.metadata import version

from skrt_workspace.verify.result import Found, StepFailedError

LIBRARIES = {
    "skrt": "scikit-rt",
    "SimpleITK": "",
    "pydicom": "pydicom",
    "nibabel": "nibabel",
    "numpy": "numpy",
    "scipy": "scipy",
    "pandas": "pandas",
    "matplotlib": "matplotlib",
    "ipympl": "ipympl",
    "ipywidgets": "ipywidgets",
    "jupyterlab": "jupyterlab",
}


def libraries() -> Found:
    """Import all of LIBRARIES."""
    versions: dict[str, str] = {}
    missing = []
    for module, distribution in LIBRARIES.items():
        try:
            loaded = importlib.import_module(module)
            versions[module] = version(distribution) if distribution else str(loaded.Version_VersionString())
        except Exception as error:  # whatever an import raises is what we want to report
            missing.append(f"{module} ({type(error).__name__}: {error})")
    if missing:
        raise StepFailedError("cannot be imported: " + "; ".join(missing), versions)
    return Found(f"scikit-rt {versions['skrt']}, {len(versions)} libraries", versions)
