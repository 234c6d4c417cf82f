"""The fork server's program: `python -m skrt_workspace.forkserver --socket PATH`.

It first becomes a Python with an almost empty environment and no options, because all of its children show what it was
started with. `--without MEND` leaves out a mend, for the tests that show what it is good for.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from skrt_workspace.sandbox import kernel
from skrt_workspace.sandbox.document import HOME_INSIDE, USER_NAME

_CLEAN = "SKRT_FORK_SERVER"
_ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")
MODULE = "skrt_workspace.forkserver"


def main() -> int:
    """Run the program; returns its exit code."""
    parser = argparse.ArgumentParser(prog=f"python -m {MODULE}", description="The fork server of skrt-hub.")
    parser.add_argument("--socket", required=True, type=Path, help="where to listen")
    parser.add_argument("--without", action="append", default=[], help=argparse.SUPPRESS)
    options = parser.parse_args()
    if os.environ.pop(_CLEAN, None) is None or sys.flags.isolated:
        start_clean(options.socket, options.without)
    return serve(options.socket, set(options.without))


def start_clean(path: Path, without: list[str]) -> None:
    """Become the same program with the variables of a participant and nothing else; does not return."""
    kernel.close_descriptors({0, 1, 2})
    os.chdir("/")
    os.umask(0o077)
    variables = {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "HOME": HOME_INSIDE,
        "USER": USER_NAME,
        "LOGNAME": USER_NAME,
        "MPLCONFIGDIR": str(path.absolute().parent / "matplotlib"),
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
        _CLEAN: "1",
    }
    if "threads at the start" not in without:
        variables |= dict.fromkeys(_ONE_THREAD, "1")
    options = [part for name in without for part in ("--without", name)]
    command = [sys.executable, "-m", MODULE, "--socket", str(path.absolute()), *options]
    os.execve(sys.executable, command, variables)  # noqa: S606


def serve(path: Path, without: set[str]) -> int:
    """Import everything, then answer requests until told to stop."""
    from skrt_workspace.forkserver import mends, preload  # noqa: PLC0415  only after the variables are clean
    from skrt_workspace.forkserver.template import Replace, Template  # noqa: PLC0415

    mends.WITHOUT.update(without)
    sys.path[:] = [entry for entry in sys.path if entry not in ("", "/")]
    record = preload.load()
    preload.freeze()
    try:
        Template(path, record).run()
    except Replace:
        start_clean(path, sorted(without))
    return 0


if __name__ == "__main__":
    sys.exit(main())
