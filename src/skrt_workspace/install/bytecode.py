"""Byte code for everything in site-packages, because the environment is read-only when participants use it.

Without it every start would compile again: `import skrt` takes 1.5 s with it and 5 s or more without.
"""

from __future__ import annotations

import compileall
import contextlib
import io
import os
import py_compile
from pathlib import Path


def compile_all(site: Path) -> None:
    """Compile every module below `site`, as many at a time as there are processors.

    The byte code is marked as "unchecked" (PEP 552): it stays valid when files are copied with new times, as image
    layers are. Modules that no Python can compile (templates, Python 2) are left as they are.
    """
    with contextlib.redirect_stdout(io.StringIO()):
        compileall.compile_dir(
            site,
            maxlevels=64,
            quiet=2,
            force=False,
            workers=os.cpu_count() or 1,
            invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
        )
