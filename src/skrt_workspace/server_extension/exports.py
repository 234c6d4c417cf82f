"""Which formats the menus offer to export a notebook to: those whose programs are here.

The others need pandoc, TeX, or a browser beside the server, and would end on an error page.
"""

from __future__ import annotations

from typing import Any

UNAVAILABLE = frozenset({"asciidoc", "custom", "latex", "pdf", "qtpdf", "qtpng", "rst", "webpdf"})


def offer_what_works() -> None:
    """Leave the others out of JupyterLab's menu, and of the classic view's, which has a list of its own."""
    from nbclassic.notebook import handlers  # noqa: PLC0415 - the server has both imported, a test may not
    from nbconvert.exporters import base  # noqa: PLC0415

    all_names: Any = base.get_export_names
    classic: Any = handlers.get_frontend_exporters
    base.get_export_names = lambda *given: [name for name in all_names(*given) if name not in UNAVAILABLE]
    handlers.get_frontend_exporters = lambda: [entry for entry in classic() if entry.name not in UNAVAILABLE]
