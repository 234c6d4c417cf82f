"""The Jupyter server's side of a home: notices, originals, and new material while the server runs."""

from __future__ import annotations


def _jupyter_server_extension_points() -> list[dict[str, object]]:
    from skrt_workspace.server_extension.application import Workspace  # noqa: PLC0415 - Jupyter calls this late

    return [{"module": "skrt_workspace.server_extension", "app": Workspace}]
