"""The extension as Jupyter loads it: handlers, and a watch that ends with the server."""

from __future__ import annotations

import os
from pathlib import Path

from jupyter_server.extension.application import ExtensionApp

from skrt_workspace import ahead
from skrt_workspace.prepare_home import ended_cleanly
from skrt_workspace.server_extension import cookies, dask_handlers
from skrt_workspace.server_extension.cohorts import Cohorts
from skrt_workspace.server_extension.handlers import HANDLERS
from skrt_workspace.server_extension.kernels import Kernels
from skrt_workspace.server_extension.looking import Looks
from skrt_workspace.server_extension.sessions import Sessions, remember_connections
from skrt_workspace.server_extension.uploads import Uploads
from skrt_workspace.server_extension.watch import EVENT_SCHEMA, Watch


class Workspace(ExtensionApp):  # type: ignore[misc]
    """One participant's home, for the pages."""

    name = "skrt_workspace"
    # Its pages are JupyterLab's; it has none of its own to open.
    load_other_extensions = True

    def initialize_settings(self) -> None:
        """Start the watch once the loop runs."""
        home = Path(os.environ.get("HOME", "/home/jovyan"))
        self.serverapp.event_logger.register_event_schema(EVENT_SCHEMA)
        self.watch = Watch(home, self.serverapp.event_logger, self.log)
        self.settings["skrt_watch"] = self.watch
        self.serverapp.io_loop.add_callback(self.watch.start)
        self.looks = Looks(self.log)
        self.settings["skrt_looks"] = self.looks
        remember_connections()
        cookies.use()
        self.sessions = Sessions(self.log)
        self.serverapp.io_loop.add_callback(self.sessions.rounds.start)
        self.cohorts = Cohorts(self.serverapp, self.log)
        self.serverapp.io_loop.add_callback(self.cohorts.rounds.start)
        # Taken away: no program of the participant's is to be told of it.
        if os.environ.pop(ahead.VARIABLE, None) and isinstance(self.serverapp.kernel_manager, Kernels):
            self.serverapp.io_loop.add_callback(self.serverapp.kernel_manager.start_ahead)

    def initialize_handlers(self) -> None:
        """The addresses below `skrt/`."""
        self.handlers.extend(HANDLERS)
        self.handlers.extend(dask_handlers.HANDLERS)

    async def stop_extension(self) -> None:
        """The server ends by itself: no save was killed."""
        self.watch.stop()
        self.sessions.rounds.stop()
        self.cohorts.rounds.stop()
        self.looks.close()
        if isinstance(self.serverapp.contents_manager, Uploads):
            self.serverapp.contents_manager.forget_uploads()
        ended_cleanly(self.watch.home)
