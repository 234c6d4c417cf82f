"""The fork server in a pod: the container's program is the warden, and a participant's server and kernels come from it.

What server and kernels both need is imported once. Then the server is forked, and while it starts, the warden imports
what kernels need. So a kernel finds scikit-rt imported, and no library is read twice in a pod.
"""

from __future__ import annotations

import gc
import os
import sys
import threading
from pathlib import Path
from typing import NoReturn

from skrt_workspace import server_command
from skrt_workspace.forkserver import kernels, mends, preload, warden
from skrt_workspace.forkserver.variables import Record
from skrt_workspace.sandbox.document import WARDEN_SOCKET_VARIABLE
from skrt_workspace.sandbox.init import Init
from skrt_workspace.threads import LIBRARIES

# Libraries make their threads when they are loaded, and what has threads cannot be forked: `mends` raises the number in
# each kernel. A backend of matplotlib would be chosen early. The debugger would warn of what does not arise here.
WHILE_IMPORTING = {
    **dict.fromkeys(LIBRARIES, "1"),
    "MPLBACKEND": "module://matplotlib_inline.backend_inline",
    "PYDEVD_DISABLE_FILE_VALIDATION": "1",
}
STARTING = 30.0
"""Seconds until a server has started, on a busy node. What it makes meanwhile stays: there is nothing to collect."""
# What a Jupyter server and IPython's kernel import both, and what else kernels import: no more than most of them need,
# because every pod of a class imports it for itself, and all at the same time.
# fmt: off
SHARED = (
    "asyncio", "tornado.web", "tornado.platform.asyncio", "zmq.asyncio", "jupyter_client.session", "traitlets.config",
)
KERNEL = (
    "ipykernel_launcher", "ipykernel.kernelapp", "ipykernel.ipkernel", "ipykernel.debugger",
    "IPython.core.completerlib",
    "matplotlib.pyplot", "matplotlib.backends.backend_agg", "matplotlib_inline.config", "PIL.PngImagePlugin", "skrt",
)
# fmt: on


def run(arguments: list[str]) -> NoReturn:
    """Start the server, then look after it and fork its kernels until it has ended; does not return.

    Raises before the server was started only: a plain start is then possible still.
    """
    given = dict(os.environ)
    record = Record()
    _load(SHARED, record)
    init = Init(isolated=False)
    one = warden.Warden(init, record, warden.own_socket())
    variables = {**given, WARDEN_SOCKET_VARIABLE: one.path}
    spec = mends.ProcessSpec(server_command.command(sys.executable, *arguments), variables, str(Path.cwd()))
    server = init.fork(lambda: _serve(spec, arguments))
    try:
        _load_for_kernels(record)
    except Exception as error:  # the server is there, and starts its kernels plainly
        warden.say(f"kernels start plainly: {type(error).__name__}: {error}")
        one.close()
    init.run(server)


def _serve(spec: mends.ProcessSpec, arguments: list[str]) -> None:
    """Become the server; runs in the child. Its garbage is collected from when it has started on."""
    timer = threading.Timer(STARTING, gc.enable)
    timer.daemon = True
    timer.start()
    warden.serve(spec, arguments, leave_out=frozenset({"collector"}))


def _load_for_kernels(record: Record) -> None:
    """Import what kernels need. Raises preload.NotClean where they could not be forked then."""
    os.environ.update(WHILE_IMPORTING)
    _load(KERNEL, record)
    kernels.know_modules()
    preload.assert_clean()


def _load(names: tuple[str, ...], record: Record) -> None:
    """Import modules, and add to `record` which variables that depended on."""
    new = preload.load(names)
    for name, value in new.read.items():
        record.read.setdefault(name, value)
    record.made.update(new.made)
    gc.freeze()
