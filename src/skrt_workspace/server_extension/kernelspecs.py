"""Which kernels a server offers: the environment's own first, a participant's beside them.

Jupyter lets a kernel description in the home take the place of the environment's of the same name, and
`python -m ipykernel install --user` in a virtual environment of one's own writes one named `python3`: afterwards no
notebook would have scikit-rt, and none would start once that virtual environment is gone.
"""

from __future__ import annotations

import sys
from pathlib import Path

from jupyter_client.kernelspec import KernelSpecManager


class EnvironmentFirst(KernelSpecManager):  # type: ignore[misc]
    """Looks into the environment's folder before all others."""

    def _kernel_dirs_default(self) -> list[str]:
        own = str(Path(sys.prefix, "share", "jupyter", "kernels"))
        others: list[str] = super()._kernel_dirs_default()
        return list(dict.fromkeys((own, *others)))
