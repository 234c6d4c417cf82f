"""The participant's program, in the sandbox and in a pod alike: prepares the home, then becomes the Jupyter server.

Run as `python -P -s -m skrt_workspace.launch [--warm] [arguments of jupyterhub-singleuser]`; `-P` keeps a participant's
own `json.py` from being imported in place of Python's, `-s` keeps their own packages out of the server. With `--warm`,
which is for pods, kernels are forked from a process that has imported their libraries while the server started.
"""

from __future__ import annotations

import importlib
import os
import sys
import tempfile
import traceback
from pathlib import Path

from skrt_workspace import connections, single_user

MODULE = "skrt_workspace.launch"
WARM = "--warm"
_SANDBOX_FOLDER = Path("/run/skrt")


def command(python: str, *arguments: str) -> tuple[str, ...]:
    """The command of a participant's server with this Python; what the hub puts into the sandbox document."""
    return (python, "-P", "-s", "-m", MODULE, *arguments)


def arguments_of(given: tuple[str, ...], python: str) -> list[str] | None:
    """The arguments for `main` where `given` is a command that `command` made for this Python, else None."""
    for start in (command(python), (python, "-P", "-m", MODULE), (python, "-m", MODULE)):
        if given[: len(start)] == start:
            return list(given[len(start) :])
    return None


def main(arguments: list[str] | None = None) -> None:
    """Prepare the home and run the server until it ends."""
    given = sys.argv[1:] if arguments is None else arguments
    if given[:1] == [WARM]:
        given = given[1:]
        _run_warm(given)
    _prepare_home()
    _prepare_environment()
    sys.argv = ["jupyterhub-singleuser", *_settings(), *given]
    with single_user.without_database():
        from jupyterhub.singleuser import main as run_server  # noqa: PLC0415  after the home is ready: it reads settings

    connections.use()
    run_server()


def _run_warm(arguments: list[str]) -> None:
    """Run the server beside a process that its kernels are forked from; returns only where that cannot be."""
    try:
        importlib.import_module("skrt_workspace.forkserver.pod").run(arguments)
    except Exception:
        print("skrt-hub: the server and its kernels start plainly", file=sys.stderr)
        traceback.print_exc()


def _prepare_home() -> None:
    """Recover and place files. A home in any state must still get its server: failures are told and passed over."""
    try:
        importlib.import_module("skrt_workspace.home").prepare()
    except ModuleNotFoundError as error:
        if error.name != "skrt_workspace.home":
            traceback.print_exc()
    except Exception:
        print("skrt-hub: the home could not be prepared fully; the server starts all the same", file=sys.stderr)
        traceback.print_exc()


def _prepare_environment() -> None:
    """Variables that every server needs and that depend on where it runs."""
    os.environ.setdefault("SHELL", "/bin/bash")
    if "JUPYTER_RUNTIME_DIR" in os.environ:
        return
    # Kernels' sockets lie here: it must be the participant's alone, and short (unix(7): at most 107 characters).
    if os.access(_SANDBOX_FOLDER, os.W_OK):
        folder = _SANDBOX_FOLDER / "jupyter"
        folder.mkdir(mode=0o700, exist_ok=True)
    else:
        folder = Path(tempfile.mkdtemp(prefix="skrt-jupyter-"))
    os.environ["JUPYTER_RUNTIME_DIR"] = str(folder)


def _settings() -> list[str]:
    """Kernels speak over Unix sockets: on a shared machine, a TCP port of one could be tried by all."""
    return ["--KernelManager.transport=ipc"]


if __name__ == "__main__":
    main()
