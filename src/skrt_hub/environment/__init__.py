"""The participants' environment: the lock it is made from, building it, noticing damage, and removing old ones.

`ensure_environment` is what the rest of skrt-hub calls; everything else here serves it.
"""

from skrt_hub.environment.build import ensure_environment, find_environment, was_built
from skrt_hub.environment.identity import Environment, Identity
from skrt_hub.environment.own import Lock, lock_for, locks_for
from skrt_hub.environment.pythons import choose
from skrt_hub.environment.unused import collect_unused

__all__ = [
    "Environment",
    "Identity",
    "Lock",
    "choose",
    "collect_unused",
    "ensure_environment",
    "find_environment",
    "lock_for",
    "locks_for",
    "was_built",
]
