"""How many threads an engine uses when its command line does not say.

elastix's result depends on the number of threads (https://github.com/SuperElastix/elastix/issues/90), so the hub sets
one number for everyone; and a number above a participant's share of the processors only slows everyone down.
"""

from __future__ import annotations

import os

from skrt_workspace.threads import ENGINES


def from_environment() -> int | None:
    """The number of threads that the environment asks for, or None."""
    for name in ENGINES:
        value = os.environ.get(name, "")
        if value.isdigit() and int(value) > 0:
            return int(value)
    return None
