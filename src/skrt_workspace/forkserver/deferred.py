"""Modules whose import changes settings of others: preloaded, but the changes happen when a participant imports them.

`import skrt` sets sizes and fonts of matplotlib. A participant who never imports it must see matplotlib as it is.
"""

from __future__ import annotations

import importlib
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

DEFERRED = ("skrt",)


class Settings:
    """What a module changes while it is imported: matplotlib's settings and the filters of warnings."""

    def __init__(self) -> None:
        self._mpl: Any = importlib.import_module("matplotlib.pyplot").matplotlib
        self._plots = dict(self._mpl.rcParams.items())
        self._filters = list(warnings.filters)
        self.changed: dict[str, Any] = {}
        self.added: list[Any] = []

    def take_back(self) -> None:
        """Note what has changed since, and undo it."""
        now = dict(self._mpl.rcParams.items())
        self.changed = {name: value for name, value in now.items() if self._plots.get(name) != value}
        self.added = [one for one in warnings.filters if one not in self._filters]
        for name in self.changed:
            dict.__setitem__(self._mpl.rcParams, name, self._plots[name])
        self._set_filters(self._filters)

    def make(self) -> None:
        """Make the changes."""
        for name, value in self.changed.items():
            dict.__setitem__(self._mpl.rcParams, name, value)
        self._set_filters([*self.added, *warnings.filters])

    @staticmethod
    def _set_filters(filters: list[Any]) -> None:
        kept: Any = warnings.filters
        kept[:] = filters
        getattr(warnings, "_filters_mutated_lock_held", getattr(warnings, "_filters_mutated", int))()


class Finder:
    """Finds a deferred module where it is kept, as if it were imported now."""

    def __init__(self, module: ModuleType, settings: Settings) -> None:
        self._module = module
        self._spec = module.__spec__
        self._settings = settings

    def find_spec(self, name: str, path: object = None, target: object = None) -> ModuleSpec | None:
        """The module's description, once; a later import finds the module's own."""
        if name != self._module.__name__ or self not in sys.meta_path:
            return None
        sys.meta_path.remove(self)
        loader: Any = self
        return ModuleSpec(name, loader, origin=getattr(self._spec, "origin", None), is_package=True)

    def create_module(self, _: ModuleSpec) -> ModuleType:
        """The module that was preloaded."""
        return self._module

    def exec_module(self, module: ModuleType) -> None:
        """Make the changes that its import makes."""
        module.__spec__ = self._spec
        if self._spec is not None:
            module.__loader__ = self._spec.loader
        self._settings.make()


put_off: dict[str, Settings] = {}
"""The changes of each module that was loaded here."""


@contextmanager
def as_imported() -> Iterator[None]:
    """The changes of all these modules hold for as long as this context does."""
    for settings in put_off.values():
        settings.make()
    try:
        yield
    finally:
        for settings in reversed(put_off.values()):
            settings.take_back()


def load(name: str) -> None:
    """Import a module and put its changes off."""
    settings = put_off[name] = Settings()
    importlib.import_module(name)
    settings.take_back()
    finder: Any = Finder(sys.modules.pop(name), settings)
    sys.meta_path.insert(0, finder)
