"""Dask's pages behind the log-in of the owner's server: Jupyter's rules about who asks, and from which page."""

from __future__ import annotations

from jupyter_server.base.handlers import JupyterHandler
from jupyter_server.base.websocket import WebSocketMixin

from skrt_workspace.server_extension import dask_pages


class OwnClusterPages(WebSocketMixin, dask_pages.ClusterPages, JupyterHandler):  # type: ignore[misc]
    """Those of clusters on other machines."""

    _track_activity = False


class OwnPagesHere(WebSocketMixin, dask_pages.PagesHere, JupyterHandler):  # type: ignore[misc]
    """Those of Dask in this sandbox."""

    _track_activity = False


HANDLERS = [(dask_pages.PATH, OwnClusterPages), (dask_pages.HERE, OwnPagesHere)]
