"""What a forked process must set right to be as one started plainly: one table, one function for each hazard.

Each mend runs in the child, once, right after the fork. Tests switch them off one at a time (`WITHOUT`) and see the
hazard come true.
"""

from __future__ import annotations

import gc
import locale
import os
import random
import signal
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from skrt_workspace.forkserver import home_paths, numerics, process_title

WITHOUT: set[str] = set()


@dataclass(frozen=True)
class ProcessSpec:
    """What a child is about to be: its command line as a plain start would have it, its variables, its folder."""

    arguments: tuple[str, ...]
    variables: Mapping[str, str]
    folder: str


def apply(spec: ProcessSpec, leave_out: frozenset[str] = frozenset()) -> None:
    """Apply the mends in the order of the table, but for those that this child has no use for."""
    for name, mend in MENDS.items():
        if name not in WITHOUT | leave_out:
            mend(spec)


def _set_variables(spec: ProcessSpec) -> None:
    os.environ.clear()
    os.environ.update(spec.variables)


def _move_home(spec: ProcessSpec) -> None:
    """Paths in the home that modules keep, where the child's home is another than the zygote's."""
    home_paths.found.move(spec.variables.get("HOME", ""))


def _show_variables(spec: ProcessSpec) -> None:
    process_title.show(spec.arguments, spec.variables)


def _set_arguments(spec: ProcessSpec) -> None:
    sys.argv = list(spec.arguments)
    sys.orig_argv = list(spec.arguments)


def _set_folder(spec: ProcessSpec) -> None:
    """The working folder, where it is remembered: by multiprocessing for processes that it spawns."""
    os.chdir(spec.folder)
    process: Any = sys.modules.get("multiprocessing.process")
    if process is not None:
        process.ORIGINAL_DIR = str(Path.cwd())


def _set_signals(_: ProcessSpec) -> None:
    """The signals as Python has them at its start: Ctrl-C is an exception, broken pipes are errors."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number in (signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(number, signal.SIG_IGN)


def _renew_randomness(_: ProcessSpec) -> None:
    """Fresh seeds from the system wherever a generator was made while importing."""
    random.seed()
    numpy_random: Any = sys.modules.get("numpy.random")
    if numpy_random is not None:
        numpy_random.seed()


def _renew_keys(_: ProcessSpec) -> None:
    """The key by which multiprocessing's processes know each other: made at its import, so all would share it."""
    process: Any = sys.modules.get("multiprocessing.process")
    if process is not None:
        process.current_process().authkey = os.urandom(32)


def _renew_caches(_: ProcessSpec) -> None:
    """Answers about the machine, the user and the time zone that were remembered while importing."""
    time.tzset()
    locale.setlocale(locale.LC_CTYPE, "")
    platform: Any = sys.modules.get("platform")
    if platform is not None:
        platform._uname_cache = None
    tempfile: Any = sys.modules.get("tempfile")
    if tempfile is not None:
        tempfile.tempdir = None


def _renew_plotting(spec: ProcessSpec) -> None:
    """matplotlib's settings: from the participant's own file, as if it were imported now."""
    mpl: Any = sys.modules.get("matplotlib")
    if mpl is None:
        return
    for cached in (mpl.get_configdir, mpl.get_cachedir):
        _forget_answer(cached)
    own = mpl.matplotlib_fname()
    if Path(own).resolve() != Path(mpl.get_data_path(), "matplotlibrc").resolve():
        settings = mpl.rc_params_from_file(own)
        settings.pop("backend", None) if "backend" not in settings else None
        dict.update(mpl.rcParams, settings)
        dict.update(mpl.rcParamsOrig, settings)
    backend = spec.variables.get("MPLBACKEND")
    if backend:
        mpl.rcParams["backend"] = backend


def _forget_answer(cached: Any) -> None:
    """matplotlib remembers the answers of these functions in a variable of its own decorator, `called`."""
    for name, cell in zip(cached.__code__.co_freevars, cached.__closure__ or (), strict=True):
        if name == "called":
            cell.cell_contents = False


def _raise_threads(spec: ProcessSpec) -> None:
    """As many threads for linear algebra and image filters as the variables say."""
    numerics.set_threads(spec.variables)


def _collect_garbage(_: ProcessSpec) -> None:
    gc.enable()


# The hazards of forking a process that has done things, in the order in which they are mended.
MENDS: dict[str, Callable[[ProcessSpec], None]] = {
    "signals": _set_signals,
    "variables": _set_variables,
    "home": _move_home,
    "appearance": _show_variables,
    "arguments": _set_arguments,
    "folder": _set_folder,
    "randomness": _renew_randomness,
    "keys": _renew_keys,
    "caches": _renew_caches,
    "plotting": _renew_plotting,
    "threads": _raise_threads,
    "collector": _collect_garbage,
}
