"""In a participant's pod: leaves a message where JupyterLab looks for notices. A call of `leave` stands behind it."""

from __future__ import annotations

from pathlib import Path


def leave(text: str) -> None:
    """Leave `text` in the home of whoever this pod is for."""
    from skrt_workspace.home import notices  # noqa: PLC0415 - the pod's own

    notices.write_notice(Path.home() / notices.IN_HOME, "message", text)  # its MESSAGE; older images lack that
