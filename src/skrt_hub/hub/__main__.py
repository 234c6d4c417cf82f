"""JupyterHub's program on one machine: begun ahead or not, and without what it loads and never uses."""

from __future__ import annotations

import gc
import importlib
import os
import socket
import sys
from pathlib import Path

from skrt_hub.errors import SkrtHubError
from skrt_hub.hub import ahead, database, lean
from skrt_hub.layout import Layout


def main() -> None:
    """Run JupyterHub with the arguments of the command line, or those that it is told, until it is stopped."""
    arguments = sys.argv[1:]
    layout = Layout(Path(os.environ[ahead.STATE_VARIABLE]))
    gc.disable()  # nothing that is imported now is ever garbage; looking for it would take a tenth of the start
    todays = database.is_todays(layout)
    with lean.imports(database_is_todays=todays):
        for module in ("jupyterhub.app", "skrt_hub.hub.given", "skrt_hub.hub.configure"):
            importlib.import_module(module)
    if arguments[:1] == [ahead.WAIT]:
        arguments = ahead.wait_for_order(socket.socket(fileno=int(arguments[1])))
    _upgrade(layout)
    importlib.import_module("skrt_hub.hub.given").use()
    gc.freeze()
    gc.enable()
    lean.run(arguments, database_is_todays=todays)


def _upgrade(layout: Layout) -> None:
    try:
        copy = database.upgrade(layout)
    except SkrtHubError as error:
        sys.exit(str(error))
    if copy is not None:
        print(f"The database was upgraded for this JupyterHub; as it was before: {copy}", flush=True)


if __name__ == "__main__":
    main()
