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
from skrt_workspace.threads import LIBRARIES

_CLEAN = "SKRT_FORK_SERVER"
MODULE = "skrt_workspace.forkserver"


def main() -> int:
    """Run the program; returns its exit code."""
    parser = argparse.ArgumentParser(prog=f"python -m {MODULE}", description="The fork server of skrt-hub.")
    parser.add_argument("--socket", required=True, type=Path, help="where to listen")
    parser.add_argument("--lifetime", type=float, default=24 * 3600.0, help="seconds until a fresh one takes over")
    parser.add_argument("--home", default=HOME_INSIDE, help="the home of all children; another one: theirs differ")
    parser.add_argument("--without", action="append", default=[], help=argparse.SUPPRESS)
    options = parser.parse_args()
    without = set(options.without)
    if os.environ.get(_CLEAN) is None and "empty environment" not in without:
        start_clean(options)
    os.environ.pop(_CLEAN, None)
    return serve(options)


def start_clean(options: argparse.Namespace) -> None:
    """Become the same program with the variables of a participant and nothing else; does not return."""
    path = options.socket.absolute()
    os.chdir("/")
    os.umask(0o077)
    if "descriptors" not in options.without:
        kernel.close_descriptors({0, 1, 2})
    variables = {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "HOME": options.home,
        "USER": USER_NAME,
        "LOGNAME": USER_NAME,
        "MPLCONFIGDIR": str(path.parent / "matplotlib"),
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
        _CLEAN: "1",
    }
    if "threads at the start" not in options.without:
        variables |= dict.fromkeys(LIBRARIES, "1")
    command = [sys.executable, "-m", MODULE, "--socket", str(path), "--lifetime", str(options.lifetime)]
    command += ["--home", options.home]
    command += [part for name in options.without for part in ("--without", name)]
    os.execve(sys.executable, command, variables)  # noqa: S606


def serve(options: argparse.Namespace) -> int:
    """Import everything, then answer requests until told to stop."""
    from skrt_workspace.forkserver import home_paths, kernels, mends, numerics, preload  # noqa: PLC0415  after the variables are clean
    from skrt_workspace.forkserver.zygote import Replace, Zygote  # noqa: PLC0415

    mends.WITHOUT.update(options.without)
    sys.path[:] = [entry for entry in sys.path if entry not in ("", "/")]
    record = preload.load()
    kernels.know_modules()
    numerics.loaded_libraries()
    if options.home != HOME_INSIDE:
        home_paths.find(options.home, besides=(record.read, record.made))
        print(f"fork server: {home_paths.found.obstacle() or 'each home has a path of its own'}")
    preload.freeze()
    print("fork server: ready")
    try:
        Zygote(options.socket, record, options.lifetime).run()
    except Replace:
        start_clean(options)
    except preload.NotClean as error:
        print(f"fork server: it ends, because {error}", file=sys.stderr)
        return 3
    return 0


if __name__ == "__main__":
    sys.exit(main())
