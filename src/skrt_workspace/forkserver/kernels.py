"""Kernels forked from the warden: what is asked, what stands against it, and how the child becomes IPython's kernel."""

from __future__ import annotations

import ctypes
import json
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import cache
from types import SimpleNamespace
from typing import Any

from skrt_workspace import single_user, startup
from skrt_workspace.forkserver import mends, preload
from skrt_workspace.forkserver.deferred import DEFERRED
from skrt_workspace.sandbox import kernel as system
from skrt_workspace.sandbox.enter import weigh_session


@dataclass(frozen=True)
class Request:
    """A kernel to be forked: its command line as a plain start would have it, its variables and its folder."""

    arguments: tuple[str, ...]
    variables: Mapping[str, str]
    folder: str

    def to_json(self) -> bytes:
        """The request for the warden's socket."""
        return json.dumps(asdict(self)).encode()

    @classmethod
    def from_json(cls, text: bytes) -> Request:
        """Read a request. Raises ValueError, KeyError or TypeError when it is not one."""
        value = json.loads(text)
        arguments, variables, folder = value["arguments"], value["variables"], value["folder"]
        if not all(isinstance(item, str) for item in (*arguments, *variables, *variables.values(), folder)):
            raise TypeError("a request holds text only")
        return cls(tuple(arguments), dict(variables), folder)


def shadowed(folder: str) -> str | None:
    """A file or package in the notebook's folder that a plain kernel would import in place of a preloaded one."""
    names = preloaded_names()
    with os.scandir(folder) as entries:
        for entry in entries:
            name = entry.name.removesuffix(".py")
            if name in names and (name != entry.name or entry.is_dir()):
                return f"{entry.name} in the notebook's folder stands for a module of the same name"
    return None


def know_modules() -> None:
    """Ask all modules once what each kernel would ask them, which would copy a page of memory for every name."""
    preloaded_names()
    system_view()
    module_names()
    single_user.names()


@cache
def preloaded_names() -> frozenset[str]:
    """The top-level modules that are imported already."""
    return frozenset(name for name in (*sys.modules, *DEFERRED) if "." not in name) - {"__main__"}


def run(request: Request, made: Mapping[str, str]) -> None:
    """Become IPython's kernel; runs in the child and returns when the kernel ends.

    `made` are the variables that modules set when they are imported, which they now will not do again.
    """
    system.close_descriptors({0, 1, 2})
    os.setsid()  # as jupyter_client's launcher does: an interrupt reaches the kernel's group and nobody else
    weigh_session()
    # The parent is pid 1, which ends the kernel with the sandbox; ipykernel's own watch takes pid 1 for an orphan's.
    variables = {name: value for name, value in request.variables.items() if name != "JPY_PARENT_PID"}
    mends.apply(mends.ProcessSpec(request.arguments, variables, request.folder))
    for name, value in made.items():
        os.environ.setdefault(name, value)
    single_user.forget()
    startup.show_own_packages()
    _set_main_module(request)
    from ipykernel.kernelapp import IPKernelApp  # noqa: PLC0415

    application: Any = IPKernelApp.instance()
    with _files_of_modules_known():
        application.initialize(sys.argv[1:])
    application.shell._sys_modules_keys = module_names()
    _tell_running_kernel()
    _give_memory_back(application.shell)
    application.start()


def _set_main_module(request: Request) -> None:
    """`sys.argv` and `sys.path` as `python -m ipykernel_launcher` leaves them."""
    import ipykernel_launcher  # noqa: PLC0415

    sys.argv = [str(ipykernel_launcher.__file__), *request.arguments[request.arguments.index("-f") :]]


class _SystemView:
    """The module `sys` as a part of the kernel sees it while it starts, with these `modules`."""

    def __init__(self, modules: Mapping[Any, Any]) -> None:
        self.__dict__["modules"] = modules

    def __getattr__(self, name: str) -> Any:
        return getattr(sys, name)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(sys, name, value)  # such as `argv`, for a program that the person's own settings have run first


@cache
def system_view() -> _SystemView:
    """The module `sys` with the files of all modules, under numbers; made once in the zygote."""
    return _SystemView({number: SimpleNamespace(__file__=file) for number, file in enumerate(module_files())})


@cache
def module_names() -> frozenset[str]:
    """The names of all modules that a kernel has, or will have once it has started."""
    return frozenset((*sys.modules, *DEFERRED, *preload.FORGOTTEN))


@contextmanager
def _files_of_modules_known() -> Iterator[None]:
    """Spare a starting kernel the look at every module.

    ipykernel asks each module for its file, for its debugger, and IPython notes all names, for `%reset aggressive`.
    With thousands preloaded, their reference counts alone would copy 20 MB of pages that all participants share.
    """
    import ipykernel.ipkernel  # noqa: PLC0415
    import IPython.core.shellapp  # noqa: PLC0415

    files: Any = ipykernel.ipkernel
    names: Any = IPython.core.shellapp
    files.sys, names.sys = system_view(), _SystemView({})
    try:
        yield
    finally:
        files.sys = names.sys = sys


@cache
def module_files() -> tuple[str, ...]:
    """The files of all modules, as texts of their own that lie together; asked for once in the zygote."""
    files = (getattr(module, "__file__", None) for module in list(sys.modules.values()))
    return tuple(file[:1] + file[1:] for file in files if isinstance(file, str) and file)


def _give_memory_back(shell: Any) -> None:
    """Return freed memory to the machine soon after each cell.

    A plot frees many large buffers, which the C library keeps: 35 MB after one CT slice, for each participant.
    """
    from tornado.ioloop import IOLoop  # noqa: PLC0415

    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # of the GNU C library
    if trim is not None:
        shell.events.register("post_run_cell", lambda *_: IOLoop.current().call_later(0.5, trim, 0))


def _tell_running_kernel() -> None:
    """Modules that look for a running kernel when they are imported were imported before there was one."""
    widgets: Any = sys.modules.get("ipywidgets")
    if widgets is not None and hasattr(widgets, "_handle_ipython"):
        widgets._handle_ipython()
