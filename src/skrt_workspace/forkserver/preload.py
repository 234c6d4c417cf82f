"""What the template imports, what it must not have done by then, and which variables were read on the way.

A module that acts on the process it is imported in (registers with a running kernel, reads the hub's variables) is
imported for what it imports in turn, and then forgotten: each child executes it again, from byte code, as if for the
first time.
"""

from __future__ import annotations

import gc
import importlib
import sys
from pathlib import Path
from typing import Any

from skrt_workspace.forkserver.variables import Record

# In this order: what the server needs, what a kernel needs, what participants import.
MODULES = (
    "jupyterhub.singleuser",
    "jupyterhub.singleuser.extension",
    "jupyter_server.serverapp",
    "jupyterlab.labapp",
    "jupyterlab_server.handlers",
    "notebook_shim",
    "nbclassic",
    "jupyter_lsp.serverextension",
    "jupyter_server_terminals",
    "skrt_workspace.provisioner.provisioner",
    "ipykernel.kernelapp",
    "ipykernel.ipkernel",
    "IPython.core.completerlib",
    "jedi",
    "numpy",
    "pandas",
    "matplotlib.pyplot",
    "matplotlib.backends.backend_agg",
    "matplotlib_inline.config",
    "SimpleITK",
    "pydicom",
    "nibabel",
    "scipy.ndimage",
    "scipy.interpolate",
    "ipywidgets",
    "skrt",
    "skrt.better_viewer",
)

# Executed again in each child that wants them. Whole packages, or single modules.
FORGOTTEN = (
    "jupyterhub.singleuser",
    "jupyterhub.services.auth",
    "jupyterhub._xsrf_utils",
    "matplotlib_inline.backend_inline",
    "ipympl",
)


class NotClean(Exception):  # noqa: N818
    """The template did something that its children must not inherit."""


def load() -> Record:
    """Import everything, and return which environment variables that depended on. Modules that are missing are told."""
    gc.disable()  # a collection would leave holes that children fill, page by page (gc.freeze, note in the manual)
    with Record.while_importing() as record:
        for name in MODULES:
            try:
                importlib.import_module(name)
            except ImportError as error:
                print(f"fork server: {name} is not preloaded: {error}", file=sys.stderr)
    for name in FORGOTTEN:
        _forget(name)
    return record


def freeze() -> None:
    """Keep the garbage collector of children away from what is here now: looking at it would copy its pages."""
    gc.collect()
    gc.freeze()


def assert_clean() -> None:
    """Raise NotClean if this process cannot be forked: threads, event loops, sockets of ZeroMQ, a chosen backend."""
    tasks = list(Path("/proc/self/task").iterdir())
    if len(tasks) != 1:
        raise NotClean(f"{len(tasks)} threads run in the template, which can only be forked with one")
    for what, found in _inherited_state():
        if found:
            raise NotClean(f"the template holds {what}, which children must make themselves")


def assert_descriptors(allowed: set[int]) -> None:
    """Raise NotClean if a file is open that the template did not open on purpose."""
    for link in list(Path("/proc/self/fd").iterdir()):
        descriptor = int(link.name)
        try:
            target = str(link.readlink())
        except OSError:  # the folder's own descriptor, closed by now
            continue
        if descriptor > 2 and descriptor not in allowed:
            raise NotClean(f"the template holds an open file: {target}")


def _inherited_state() -> list[tuple[str, bool]]:
    asyncio_events: Any = sys.modules.get("asyncio.events")
    zmq: Any = sys.modules.get("zmq")
    pyplot: Any = sys.modules.get("matplotlib.pyplot")
    traitlets: Any = sys.modules.get("traitlets.config")
    policy = getattr(asyncio_events, "_event_loop_policy", None)
    local = getattr(policy, "_local", None)
    return [
        ("an event loop", getattr(local, "_loop", None) is not None),
        ("a context of ZeroMQ", zmq is not None and getattr(zmq.Context, "_instance", None) is not None),
        ("a chosen plotting backend", getattr(pyplot, "_backend_mod", None) is not None),
        ("an application of Jupyter", traitlets is not None and traitlets.Application._instance is not None),
    ]


def _forget(name: str) -> None:
    for module in [known for known in sys.modules if known == name or known.startswith(name + ".")]:
        del sys.modules[module]
