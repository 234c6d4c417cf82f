"""Which environment variables the zygote's imports depended on, and whether a child can have other values.

A module that reads a variable while it is imported has made its choice. A child whose value differs must have the
difference mended, or be started plainly.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from skrt_workspace.forkserver import home_paths
from skrt_workspace.threads import VARIABLES

# Read while importing, and made good in each child: by `mends`, by executing the module again, or harmless as used.
# fmt: off
MENDED = frozenset((
    "PATH", "LANG", "LANGUAGE", "LC_ALL", "LC_CTYPE", "LC_MESSAGES", "TERM", "TZ",
    "MPLBACKEND", "MPLCONFIGDIR", "MATPLOTLIBRC", "XDG_CACHE_HOME", "JPY_PARENT_PID", "KERNEL_LAUNCH_TIMEOUT",
    *VARIABLES,
))
# fmt: on
_MENDED_PREFIXES = ("JUPYTERHUB_", "PYDEVD_")
# Read by C libraries or by Python itself before any of our code: a value means a plain start.
_PLAIN_PREFIXES = ("PYTHON", "LD_", "MALLOC_", "GLIBC_", "KMP_", "GOMP_", "OMP_", "OPENBLAS_", "MKL_", "GOTO_", "ITK_")
# Modules that copy the whole environment for uses that do not arise here.
_COPIERS = ("wsgiref.handlers",)


@dataclass
class Record:
    """The variables read, with the values they had (None: not set), and those that modules set themselves."""

    read: dict[str, str | None] = field(default_factory=dict)
    made: dict[str, str] = field(default_factory=dict)

    @classmethod
    @contextmanager
    def while_importing(cls) -> Iterator[Record]:
        """Note every variable that is looked up in `os.environ` meanwhile."""
        record = cls()
        kind: Any = type(os.environ)
        original = kind.__getitem__

        def noting(environ: Any, name: Any) -> Any:
            caller = sys._getframe(1).f_globals.get("__name__")
            if isinstance(name, str) and not _is_called_by_copier(caller):
                record.read[name] = environ._data.get(environ.encodekey(name)) and original(environ, name)
            return original(environ, name)

        before = dict(os.environ)
        kind.__getitem__ = noting
        try:
            yield record
        finally:
            kind.__getitem__ = original
            record.made = {name: value for name, value in os.environ.items() if before.get(name) != value}

    def obstacle(self, wanted: Mapping[str, str]) -> str | None:
        """Why a child cannot have these variables, or None if it can."""
        for name, value in self.read.items():
            if name in MENDED or name in self.made or name.startswith(_MENDED_PREFIXES):
                continue
            if wanted.get(name) == value:
                continue
            obstacle = (
                home_paths.found.obstacle() if name == "HOME" and wanted.get(name) else "it was read while importing"
            )
            if obstacle:
                return f"the variable {name} differs from the zygote's, and {obstacle}"
        for name in wanted:
            if name.startswith(_PLAIN_PREFIXES) and name not in MENDED and wanted[name] != os.environ.get(name):
                return f"the variable {name} acts only on a process at its start"
        return None


def _is_called_by_copier(caller: str | None) -> bool:
    if caller in _COPIERS:
        return True
    frame: Any = sys._getframe(2)
    for _ in range(6):
        if frame is None:
            return False
        if frame.f_globals.get("__name__") in _COPIERS:
            return True
        frame = frame.f_back
    return False
