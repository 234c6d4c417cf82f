"""Modules that are imported and never used, left out: something of their name stands in their place meanwhile."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import ModuleType
from typing import Any


class _StandIn(ModuleType):
    """A module in which every name is an exception that is never raised."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        made = type(name, (Exception,), {})
        setattr(self, name, made)
        return made


@contextmanager
def standing_in(absent: Sequence[str]) -> Iterator[None]:
    """Within this context an import of these modules finds stand-ins; afterwards it finds the modules as ever.

    Where one of them is imported already, nothing is changed.
    """
    if any(name in sys.modules for name in absent):
        yield
        return
    sys.modules.update({name: _StandIn(name) for name in absent})
    try:
        yield
    finally:
        for name in absent:
            if isinstance(sys.modules.get(name), _StandIn):
                del sys.modules[name]
