"""A server that a participant's own settings keep from starting starts without them, and says so.

Settings in a home may name a class or a folder that is not there, switch off what is needed, or end the process. Then
there is a second try with the settings of the environment only, and with nothing of Jupyter's kept in the home. On one
machine the hub makes it (skrt_hub.hub.spawner), also where the process ended without a word or was held up; in a pod
the process becomes the second try itself.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

VARIABLE = "SKRT_WITHOUT_OWN_SETTINGS"
"""Why the server starts without the participant's own settings; as a variable of the server's process."""
OWN_SETTINGS = (".jupyter", ".local/etc/jupyter", ".local/share/jupyter", ".ipython")
_LONGEST = 500


def has_own_settings(home: Path) -> bool:
    """Whether anything in this home may be what keeps a server from starting."""
    return any(os.path.lexists(home / name) for name in OWN_SETTINGS)


def prepare() -> None:
    """In a second try, leave out what is in the home: settings, extensions, signatures, layouts of pages."""
    if VARIABLE not in os.environ:
        return
    folder = tempfile.mkdtemp(prefix="skrt-settings-")
    os.environ["JUPYTERHUB_DISABLE_USER_CONFIG"] = "1"
    for name in ("CONFIG", "DATA"):
        os.environ[f"JUPYTER_{name}_DIR"] = str(Path(folder, name.lower()))


def run(server: Callable[[], Any], again: tuple[str, ...] | None) -> None:
    """Run the server. Where it does not come to serve anybody, become the program `again`, which is a second try.

    None: the hub notices, and makes the second try.
    """
    why = "it ended"
    try:
        server()
    except SystemExit as error:
        if again is None or not _may_be_the_settings():
            raise
        why = f"it ended with code {error.code}"
    except Exception as error:
        if again is None or not _may_be_the_settings():
            raise
        why = f"{type(error).__name__}: {error}"
    if again is None or not _may_be_the_settings():
        return
    print(f"skrt-hub: the server did not start ({why}); now without the settings in the home", file=sys.stderr)
    os.environ[VARIABLE] = why[:_LONGEST].replace("\0", "")
    sys.stderr.flush()
    os.execve(again[0], again, os.environ)  # noqa: S606 - our own program


def _may_be_the_settings() -> bool:
    return not _serves() and VARIABLE not in os.environ and has_own_settings(Path.home())


def words() -> str:
    """What the participant is told in a second try; nothing in a first one."""
    why = os.environ.get(VARIABLE)
    if why is None:
        return ""
    return (
        "Your server did not start with your own settings, so it was started without them; your files are all here. "
        f"The reason: {why}. Look in the folders .jupyter and .local/share/jupyter of your home (in a terminal), and "
        "correct or rename what you changed last, for example jupyter_server_config.py. They are tried again when your "
        "server starts the next time: File, Hub Control Panel, Stop My Server."
    )


def _serves() -> bool:
    """Whether the server came as far as taking connections."""
    module = sys.modules.get("jupyter_server.serverapp")
    application = getattr(module, "ServerApp", None)
    if application is None or not application.initialized():
        return False
    return getattr(application.instance(), "http_server", None) is not None
