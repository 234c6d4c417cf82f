"""Which formats the menus offer to export a notebook to: those whose programs are here.

The others need pandoc, TeX, or a browser beside the server, and would end on an error page. Called when the modules are
imported (see `skrt_workspace.startup`): importing nbconvert for it would cost each server's start.
"""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

UNAVAILABLE = frozenset({"asciidoc", "custom", "latex", "pdf", "qtpdf", "qtpng", "rst", "webpdf"})
Execute = Callable[[ModuleType], None]


def load_nbconvert_names(module: ModuleType, execute: Execute) -> None:
    """Execute `nbconvert.exporters.base`, then let its list of formats, which menus are made from, be without these."""
    execute(module)
    original: Any = module.get_export_names
    names = lambda *given: [name for name in original(*given) if name not in UNAVAILABLE]  # noqa: E731
    module.get_export_names = names  # type: ignore[attr-defined]


def load_nbclassic_menu(module: ModuleType, execute: Execute) -> None:
    """Execute `nbclassic.notebook.handlers`, whose menu has some formats whether they are in the list or not."""
    execute(module)
    original: Any = module.get_frontend_exporters
    entries = lambda: [entry for entry in original() if entry.name not in UNAVAILABLE]  # noqa: E731
    module.get_frontend_exporters = entries  # type: ignore[attr-defined]
