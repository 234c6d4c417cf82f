"""What runs inside a participant's environment, on the machine and in the image.

It is installed there by skrt_workspace.install and never imports skrt_hub."""

from typing import Any

__all__ = ["beside", "view"]


def __getattr__(name: str) -> Any:
    """`from skrt_workspace import view` gives a function; its libraries are imported when it is asked for."""
    if name in __all__:
        from skrt_workspace.viewer import viewer  # noqa: PLC0415

        return getattr(viewer, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
