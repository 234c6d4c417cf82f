"""Which kernels a server offers: the environment's own first, those of the class's others, a participant's beside them.

Jupyter lets a kernel description in the home take the place of the environment's of the same name, and
`python -m ipykernel install --user` in a virtual environment of one's own writes one named `python3`: afterwards no
notebook would have scikit-rt, and none would start once that virtual environment is gone.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from jupyter_client.kernelspec import NATIVE_KERNEL_NAME, KernelSpec, KernelSpecManager

from skrt_workspace import environments


class EnvironmentFirst(KernelSpecManager):  # type: ignore[misc]
    """Looks into the environment's folder before all others."""

    def _kernel_dirs_default(self) -> list[str]:
        own = str(Path(sys.prefix, "share", "jupyter", "kernels"))
        others: list[str] = super()._kernel_dirs_default()
        return list(dict.fromkeys((own, *others)))

    def find_kernel_specs(self) -> dict[str, str]:
        """Each kernel's name and the folder with its pictures."""
        found: dict[str, str] = super().find_kernel_specs()
        return found | {name: _pictures(folder) for name, folder in environments.others().items()}

    def get_kernel_spec(self, kernel_name: str) -> Any:
        """One kernel's description. Raises NoSuchKernel."""
        folder = environments.others().get(kernel_name)
        if folder is not None:
            described = environments.kernel(kernel_name, folder)
            return KernelSpec(resource_dir=_pictures(folder), **described)
        spec = super().get_kernel_spec(kernel_name)
        chosen = os.environ.get(environments.CHOSEN_VARIABLE)
        if chosen and kernel_name == NATIVE_KERNEL_NAME:
            spec.display_name = environments.title(chosen)
        return spec


def _pictures(folder: Path) -> str:
    return str(folder / "share" / "jupyter" / "kernels" / NATIVE_KERNEL_NAME)
