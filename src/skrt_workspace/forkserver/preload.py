"""What the zygote imports, what it must not have done by then, and which variables were read on the way.

A module that acts on the process it is imported in (registers with a running kernel, reads the hub's variables) is
imported for what it imports in turn, and then forgotten: each child executes it again, from byte code, as if for the
first time.
"""

from __future__ import annotations

import gc
import importlib
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from skrt_workspace import single_user
from skrt_workspace.forkserver import deferred, heap_fill, huge_pages, immortal, mends, remembered, warmup
from skrt_workspace.forkserver.variables import Record

# What the server needs, what a kernel needs, what participants import. A name that is not there is told in the log.
# fmt: off
MODULES = (
    "jupyterhub.singleuser.extension", "jupyter_server.serverapp", "jupyterlab.labapp", "jupyterlab_server.handlers",
    "jupyter_server.kernelspecs.handlers", "jupyter_server.nbconvert.handlers", "jupyter_server.view.handlers",
    "nbclassic.notebookapp", "nbclassic.edit.handlers", "nbclassic.notebook.handlers", "nbclassic.terminal.handlers",
    "nbclassic.tree.handlers", "nbclassic.view.handlers", "notebook_shim.nbserver", "notebook.files.handlers",
    "notebook.services.contents.manager", "notebook.services.contents.checkpoints",
    "jupyter_lsp.serverextension", "jupyter_lsp.virtual_documents_shadow", "jupyter_server_terminals",
    "jupyter_archive.handlers", "jinja2.ext", "tornado.platform.asyncio",
    "skrt_workspace.provisioner.provisioner", "skrt_workspace.prepare_home", "skrt_workspace.home.recover",
    "skrt_workspace.home.space", "skrt_workspace.home.notices", "skrt_workspace.material.news",
    "skrt_workspace.material.place", "skrt_workspace.server_extension.application", "skrt_workspace.environments",
    "skrt_workspace.data_links",
    "skrt_workspace.server_extension.kernelspecs", "skrt_workspace.phantom",
    "IPython.core.magics.execution", "IPython.core.magics.pylab", "IPython.utils.module_paths",
    "ipykernel_launcher", "ipykernel.kernelapp", "ipykernel.ipkernel", "ipykernel.debugger", "ipykernel.kernelspec",
    "psutil", "IPython.core.completerlib", "IPython.core.debugger", "IPython.core.oinspect", "IPython.core.logger",
    "IPython.extensions.storemagic", "IPython.utils.wildcard", "jedi", "faulthandler", "xmlrpc.server", "rlcompleter",
    "numpy", "numpy.ma", "pandas", "matplotlib.pyplot", "matplotlib.backends.backend_agg", "matplotlib_inline.config",
    "PIL.BmpImagePlugin", "PIL.GifImagePlugin", "PIL.JpegImagePlugin", "PIL.PngImagePlugin", "PIL.PpmImagePlugin",
    "SimpleITK", "pydicom", "nibabel", "scipy.ndimage", "scipy.interpolate", "ipywidgets", "skrt",
)
# fmt: on

# Executed again in each child that wants them. Whole packages, or single modules.
FORGOTTEN = (
    "jupyterhub.singleuser",
    "jupyterhub.services.auth",
    "jupyterhub._xsrf_utils",
    "matplotlib_inline.backend_inline",
    "ipympl",
)


class NotClean(Exception):  # noqa: N818
    """The zygote did something that its children must not inherit."""


def load(names: Sequence[str] = ()) -> Record:
    """Import these modules, or everything, and return which environment variables that depended on.

    Modules that are missing are told.
    """
    gc.disable()  # a collection would leave holes that children fill, page by page (gc.freeze, note in the manual)
    with Record.while_importing() as record:
        if not names:
            remembered.entry_points()
        for name in names or (*MODULES, *_services()):
            try:
                if name in deferred.DEFERRED and "deferral" not in mends.WITHOUT:
                    deferred.load(name)
                else:
                    with single_user.without_database():
                        importlib.import_module(name)
            except ImportError as error:
                print(f"fork server: {name} is not preloaded: {error}", file=sys.stderr)
        if not names:
            warmup.use_libraries()
            remembered.for_servers()
    for name in FORGOTTEN:
        _forget(name)
    return record


def _services() -> list[str]:
    """The modules of the Jupyter server's own services, which it imports when it starts."""
    server: Any = importlib.import_module("jupyter_server.serverapp")
    return [name for names in server.JUPYTER_SERVICE_HANDLERS.values() for name in names or ()]


def freeze() -> None:
    """Keep the garbage collector of children away from what is here now: looking at it would copy its pages."""
    gc.collect()
    if "immortal" not in mends.WITHOUT:
        immortal.make_immortal()
    if "holes" not in mends.WITHOUT:
        heap_fill.fill()
    gc.freeze()
    if "huge pages" not in mends.WITHOUT:
        huge_pages.gather()


def assert_clean() -> None:
    """Raise NotClean if this process cannot be forked: threads, event loops, sockets of ZeroMQ, a chosen backend."""
    tasks = list(Path("/proc/self/task").iterdir())
    if len(tasks) != 1:
        raise NotClean(f"{len(tasks)} threads run in the zygote, which can only be forked with one")
    for what, found in _inherited_state():
        if found:
            raise NotClean(f"the zygote holds {what}, which children must make themselves")


def assert_descriptors(allowed: set[int]) -> None:
    """Raise NotClean if a file is open that the zygote did not open on purpose."""
    for link in list(Path("/proc/self/fd").iterdir()):
        descriptor = int(link.name)
        try:
            target = str(link.readlink())
        except OSError:  # the folder's own descriptor, closed by now
            continue
        if descriptor > 2 and descriptor not in allowed:
            raise NotClean(f"the zygote holds an open file: {target}")


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
