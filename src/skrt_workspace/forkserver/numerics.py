"""The number of threads of the numerical libraries that a forked process holds already.

They read it from variables when they are loaded, which in the zygote was with one thread: a process with more cannot
be forked. A child asks them for its own number.
"""

from __future__ import annotations

import ctypes
import os
import re
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

# The names under which builds of OpenBLAS export the function (numpy's and scipy's wheels add a prefix and a suffix).
_OPENBLAS = tuple(
    f"{prefix}openblas_set_num_threads{suffix}" for prefix in ("scipy_", "") for suffix in ("64_", "_64", "")
)
_LIBRARY = re.compile(r"openblas|libblas|libgomp|libomp|libmkl_rt")


def set_threads(variables: Mapping[str, str]) -> None:
    """Give each loaded library the number that these variables ask for, by its own rules."""
    processors = len(os.sched_getaffinity(0))
    openmp = _number(variables, ("OMP_NUM_THREADS",), processors)
    openblas = _number(variables, ("OPENBLAS_NUM_THREADS", "GOTO_NUM_THREADS", "OMP_NUM_THREADS"), processors)
    for path in loaded_libraries():
        library = ctypes.CDLL(path)
        for name in _OPENBLAS:
            if hasattr(library, name):
                getattr(library, name)(min(openblas, processors))
        if "gomp" in path or "libomp" in path:
            library.omp_set_num_threads(openmp)
        if "mkl_rt" in path:
            library.MKL_Set_Num_Threads(_number(variables, ("MKL_NUM_THREADS", "OMP_NUM_THREADS"), processors))
    image_filters: Any = sys.modules.get("SimpleITK")
    if image_filters is not None:
        asked = _number(variables, ("ITK_GLOBAL_DEFAULT_NUMBER_OF_THREADS", "NSLOTS"), processors)
        image_filters.ProcessObject.SetGlobalDefaultNumberOfThreads(asked)


def _number(variables: Mapping[str, str], names: tuple[str, ...], otherwise: int) -> int:
    for name in names:
        first = variables.get(name, "").split(",")[0].strip()
        if first.isdigit() and int(first) > 0:
            return int(first)
    return otherwise


@cache
def loaded_libraries() -> tuple[str, ...]:
    """The files of the numerical libraries in this process; the zygote has loaded them all."""
    lines = Path("/proc/self/maps").read_text(encoding="utf-8", errors="replace").splitlines()
    paths = {line.split(maxsplit=5)[5] for line in lines if line.count("/") > 1 and len(line.split(maxsplit=5)) == 6}
    return tuple(sorted(path for path in paths if _LIBRARY.search(Path(path).name) and Path(path).exists()))
