"""What every Python of a participant's environment does at its start: note which imports want help, and look for the
participant's own packages.

The file `skrt_workspace.pth` in site-packages imports this module. It must stay cheap: no import but what `site` has.
"""

from __future__ import annotations

import os
import site
import sys

TYPE_CHECKING = False  # as in `typing`, whose import would cost every Python start
if TYPE_CHECKING:
    from collections.abc import Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType
    from typing import Any

# The modules that get help, and who gives it: a function `load(module, execute)`, by its module and its name.
HELPERS = {
    "skrt": ("skrt_workspace.compat", "load_skrt"),
    "skrt.better_viewer": ("skrt_workspace.compat", "load_skrt_better_viewer"),
    "skrt.core": ("skrt_workspace.compat", "load_skrt_core"),
    "skrt.image": ("skrt_workspace.compat", "load_skrt_image"),
    "skrt.registration": ("skrt_workspace.compat", "load_skrt_registration"),
    "skrt.simulation": ("skrt_workspace.compat", "load_skrt_simulation"),
    "pydicom.pixels.decoders.base": ("skrt_workspace.compat", "load_pydicom_decoders"),
    "nbclassic.notebook.handlers": ("skrt_workspace.server_extension.exports", "load_nbclassic_menu"),
    "nbconvert.exporters.base": ("skrt_workspace.server_extension.exports", "load_nbconvert_names"),
    "pip._internal.cli.main": ("skrt_workspace.packages.installing", "load_pip_main"),
    "matplotlib.font_manager": ("skrt_workspace.fonts", "load_font_manager"),
    "tornado.iostream": ("skrt_workspace.encrypted_lines", "load_tornado_iostream"),
}


class HelpedLoader:
    """A module's own loader, with our helper around the moment in which the module is executed."""

    def __init__(self, spec: ModuleSpec, helper: tuple[str, str]) -> None:
        self._spec = spec
        self._loader: Any = spec.loader
        self._helper = helper

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        made: ModuleType | None = self._loader.create_module(spec)
        return made

    def exec_module(self, module: ModuleType) -> None:
        # From here on the module is as if we had not been there: inspect, pickle and reload see its own loader.
        self._spec.loader = self._loader
        module.__loader__ = self._loader
        room, name = self._helper
        __import__(room)
        getattr(sys.modules[room], name)(module, self._loader.exec_module)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loader, name)


class Finder:
    """A finder that finds nothing itself: it puts a HelpedLoader around what the other finders found."""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        helper = HELPERS.get(name)
        if helper is None:
            return None
        for finder in sys.meta_path:
            if finder is self or not hasattr(finder, "find_spec"):
                continue
            spec = finder.find_spec(name, path, target)
            if spec is not None:
                if spec.loader is not None and hasattr(spec.loader, "exec_module"):
                    spec.loader = HelpedLoader(spec, helper)  # type: ignore[assignment]
                return spec
        return None


def begin() -> None:
    """Put the finder in place, once."""
    if not any(type(finder).__name__ == "Finder" and type(finder).__module__ == __name__ for finder in sys.meta_path):
        sys.meta_path.insert(0, Finder())
    if not sys.flags.no_user_site:  # a Python that was told to leave them out (`-s`, `-I`), as the Jupyter server is
        show_own_packages()


def own_packages() -> str:
    """The folder of the participant's own packages for this Python, where pip's `--prefix ~/.local` puts them."""
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    return os.path.join(os.path.expanduser("~"), ".local", "lib", version, "site-packages")  # noqa: PTH111, PTH118


def show_own_packages() -> None:
    """Put the participant's own packages at the end of the path, behind all that the environment holds.

    A kernel has them whatever its Python was told: in a pod it comes of the server's, which leaves them out.
    """
    folder = own_packages()
    if folder not in sys.path and os.path.isdir(folder):  # noqa: PTH112
        site.addsitedir(folder)
