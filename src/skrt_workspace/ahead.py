"""A kernel that is started ahead: within it, what is done before a notebook asks for it, and when one does.

Both run in the kernel's own process (server_extension/kernels.py asks for them).
"""

from __future__ import annotations

import importlib
import os
from typing import Any

VARIABLE = "SKRT_KERNEL_AHEAD"
"""Tells a participant's server that it is to start a kernel before anybody asks."""
SESSION = "JPY_SESSION_NAME"
"""What Jupyter tells a kernel of the notebook that it is for."""


class ShadowedError(Exception):
    """A file in the notebook's folder stands for a module that this kernel has imported already."""


def prepare() -> None:
    """Import what each notebook of a class begins with."""
    importlib.import_module("skrt")


def move(folder: str, session: str) -> None:
    """Become the kernel of a notebook in this folder. Raises ShadowedError, and OSError for a folder that is gone."""
    from IPython.core.getipython import get_ipython  # noqa: PLC0415 - the server has no kernel to ask for

    from skrt_workspace.forkserver.kernels import shadowed  # noqa: PLC0415

    if (why := shadowed(folder)) is not None:
        raise ShadowedError(why)
    os.chdir(folder)
    shell: Any = get_ipython()
    shell.starting_dir = folder
    shell.user_ns["_dh"][:] = [folder]
    if session:
        os.environ[SESSION] = session
        shell.user_ns["__session__"] = session
