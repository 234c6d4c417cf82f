"""skrt-hub: a JupyterHub for a group of people who work with scikit-rt.

This package is what the organiser runs; what participants run is in skrt_workspace. From Python, the verbs of the
command line are methods: `from skrt_hub import Hub; Hub.load("hub.yaml").up()`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from skrt_hub.errors import SkrtHubError
from skrt_hub.version import __version__

if TYPE_CHECKING:
    from skrt_hub.api import Hub

__all__ = ["Hub", "SkrtHubError", "__version__"]


def __getattr__(name: str) -> Any:
    # Every program of the hub imports this package, few of them need what Hub imports.
    if name == "Hub":
        from skrt_hub.api import Hub  # noqa: PLC0415

        return Hub
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
