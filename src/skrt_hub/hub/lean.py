"""What JupyterHub loads and works out at each start, and a hub on one machine has no use for; left out before it does.

Each is left out only where it makes no difference.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from importlib import metadata
from typing import Any

from skrt_workspace.stand_ins import standing_in

_MIGRATIONS = ("alembic", "alembic.command", "alembic.config", "alembic.script")


@contextmanager
def imports(*, database_is_todays: bool) -> Iterator[None]:
    """Within this context `jupyterhub.app` is imported without what it does not need.

    That is jsonschema's check of internationalised addresses, which builds a grammar for a third of a start, and what
    changes the form of a database, where that is today's. Afterwards both can be imported as ever.
    """
    modules: dict[str, Any] = sys.modules
    modules["rfc3987_syntax"] = None  # then an import of it fails, and jsonschema leaves the check out
    metadata.entry_points = _remembered(metadata.entry_points)
    with standing_in(_MIGRATIONS if database_is_todays else ()):
        yield


def run(arguments: list[str], *, database_is_todays: bool) -> None:
    """Run JupyterHub until it is stopped, without what its start does not need.

    JupyterHub compares the form of its database, which was done before. And it loads each authenticator, spawner and
    proxy that is installed, to name their settings in its help.
    """
    from jupyterhub import app, orm  # noqa: PLC0415 - once it is imported as above

    if database_is_todays:
        setattr(orm, "check_db_revision", lambda engine: None)  # noqa: B010 - a checker objects to a plain assignment
    app.JupyterHub.instance(classes=[app.Spawner, app.Authenticator, app.CryptKeeper])
    app.JupyterHub.launch_instance(arguments)


def _remembered(original: Callable[..., Any]) -> Callable[..., Any]:
    """The entry points of all packages, read once: each of JupyterHub's kinds of plug-ins asks for them."""
    found = cache(original)
    return lambda **wanted: found().select(**wanted) if wanted else found()
