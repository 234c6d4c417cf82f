"""The participant's Jupyter server: prepares the home, then becomes the server. In a process of its own, or forked."""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
import traceback
from pathlib import Path

from skrt_workspace import connections, second_try, server_command, single_user

_SANDBOX_FOLDER = Path("/run/skrt")


def run(arguments: list[str]) -> None:
    """Prepare the home and run the server until it ends."""
    _prepare_home()
    _prepare_environment()
    second_try.prepare()
    sys.argv = ["jupyterhub-singleuser", *_settings(), *arguments]
    with single_user.without_database():
        from jupyterhub.singleuser import main as run_server  # noqa: PLC0415  after the home is ready: it reads settings

    by_the_hub = connections.use()
    _migrate_nothing()
    _lead_no_browser()
    second_try.run(run_server, None if by_the_hub else server_command.command(sys.executable, *arguments))


def _migrate_nothing() -> None:
    """Settings of IPython before 4 were never here; looking for them would write into a home that may be full."""
    from jupyter_core.application import JupyterApp  # noqa: PLC0415 - in the forked server it is there

    setattr(JupyterApp, "migrate_config", lambda self: None)  # noqa: B010 - a checker that knows the class objects


def _lead_no_browser() -> None:
    """Write no page that leads a browser of the same machine to the server: it lets in only whom the hub sends."""
    from jupyter_server.serverapp import ServerApp  # noqa: PLC0415

    setattr(ServerApp, "no_browser_open_file", True)  # noqa: B010 - not a setting that could be given


def _prepare_home() -> None:
    """Recover and place files. A home in any state must still get its server: failures are told and passed over."""
    from skrt_workspace import prepare_home  # noqa: PLC0415 - a template that only forks needs none of it

    with contextlib.suppress(OSError):  # `chmod 500 ~`: the server and all programs need to write there
        home = Path.home()
        home.chmod(home.stat().st_mode & 0o7777 | 0o700)
    try:
        prepare_home.prepare()
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
