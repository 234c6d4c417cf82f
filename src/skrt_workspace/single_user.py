"""JupyterHub's single-user server without the database library, which only a hub uses.

JupyterHub's modules are shared by hub and server, so the server imports SQLAlchemy and the hub's tables: a quarter of a
second of each start, and 20 MB. What the server does with them is to name them in functions that only a hub calls.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from skrt_workspace.stand_ins import standing_in

_ABSENT = ("sqlalchemy", "sqlalchemy.exc", "jupyterhub.orm")


@contextmanager
def without_database() -> Iterator[None]:
    """Within this context JupyterHub's single-user server is imported without the database library.

    Afterwards an `import sqlalchemy` finds the library as ever.
    """
    with standing_in(_ABSENT):
        yield


def forget() -> None:
    """Let a process that is no server, but has the server's modules, find JupyterHub's modules whole."""
    for name in names():
        sys.modules.pop(name, None)


@cache
def names() -> tuple[str, ...]:
    """JupyterHub's modules that are here.

    A zygote asks once: each of the thousands of names that a child looks at is on a page of memory of its own, and
    looking copies the page.
    """
    return tuple(known for known in sys.modules if known == "jupyterhub" or known.startswith("jupyterhub."))
