"""Where modules remember paths in the home: found once in the zygote, and pointed at each child's own home.

Without namespaces every participant's home has a path of its own, and modules such as `site` and matplotlib keep paths
in it from the moment they are imported. The zygote is then started with a home that nobody has (`--home`), so that
whatever holds this path after the imports is known. A path in a place that cannot be changed means a plain start.
"""

from __future__ import annotations

import functools
import gc
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import PurePath
from types import CellType, FrameType, FunctionType, ModuleType
from typing import Any

Move = Callable[[Callable[[Any], Any]], None]
"""Puts what the given function makes of the value that a place holds into this place."""


@dataclass
class Remembered:
    """All places that hold a path in the zygote's home, and those of them that cannot be changed."""

    home: str = ""
    moves: list[Move] = field(default_factory=list)
    fixed: list[str] = field(default_factory=list)

    def obstacle(self) -> str | None:
        """Why children cannot have homes of their own, or None if they can."""
        if not self.home:
            return "the zygote was not started for homes that differ"
        return f"the home is remembered where it cannot be changed: {', '.join(self.fixed)}" if self.fixed else None

    def move(self, home: str) -> None:
        """Let every place hold the same path in this home."""
        if self.home and home and home != self.home:
            for move in self.moves:
                move(functools.partial(_moved, old=self.home, new=home))


found = Remembered()
"""What `find` found in this process."""


def find(home: str, besides: Iterable[object] = ()) -> None:
    """Look through everything that is there for paths in `home`, but not in `besides`."""
    gc.collect()
    left_out = {id(owner) for owner in (os.environ.__dict__["_data"], *besides)}
    owners = [owner for owner in _everything() if not isinstance(owner, (FrameType, PurePath, tuple))]
    # The dictionary of a class is changed through the class, which remembers what it has looked up.
    left_out |= {id(part) for owner in owners if isinstance(owner, type) for part in _own_dictionary(owner)}
    found.moves[:], found.fixed[:] = [], []
    for owner in owners:
        if id(owner) not in left_out and (isinstance(owner, type) or _any_holds(gc.get_referents(owner), home)):
            _add(owner, home)
    found.home = home  # only now: it is not itself to be found


def _everything() -> list[Any]:
    """What the garbage collector knows, and dictionaries that it need not know: those that hold no container."""
    everything = gc.get_objects()
    unknown: dict[int, Any] = {}
    for owner in everything:
        unknown |= {
            id(part): part for part in gc.get_referents(owner) if type(part) is dict and not gc.is_tracked(part)
        }
    for part in [*unknown.values()]:
        unknown |= {id(inner): inner for inner in part.values() if type(inner) is dict}
    return [*everything, *unknown.values()]


def _own_dictionary(owner: type) -> list[Any]:
    return [part for part in gc.get_referents(owner) if type(part) is dict and part.keys() == vars(owner).keys()]


def _any_holds(values: Iterable[Any], home: str) -> bool:
    return any(_holds(value, home) for value in values)


def _holds(value: Any, home: str) -> bool:
    kind = type(value)
    if kind is str:
        return home in value
    if kind is bytes:
        return home.encode() in value
    if kind is tuple:
        return _any_holds(value, home)
    return isinstance(value, PurePath) and home in str(value)


def _moved(value: Any, old: str, new: str) -> Any:
    if not _holds(value, old):
        return value
    if isinstance(value, str):
        return value.replace(old, new)
    if isinstance(value, bytes):
        return value.replace(old.encode(), new.encode())
    if isinstance(value, tuple):
        return tuple(_moved(part, old, new) for part in value)
    return type(value)(str(value).replace(old, new))


def _add(owner: Any, home: str) -> None:
    """Note how to change what `owner` holds, by the kind of thing it is."""
    if isinstance(owner, dict):
        if _any_holds(owner, home):
            found.fixed.append(f"a key of a dictionary of {len(owner)}")
        found.moves += [_item(owner, key) for key, value in owner.items() if _holds(value, home)]
    elif isinstance(owner, list):
        found.moves += [_item(owner, place) for place, value in enumerate(owner) if _holds(value, home)]
    elif isinstance(owner, functools._lru_cache_wrapper):
        found.moves.append(lambda _: owner.cache_clear())
    elif isinstance(owner, CellType):
        found.moves.append(_attribute(owner, "cell_contents"))
    elif isinstance(owner, FunctionType):
        found.moves.append(_attribute(owner, "__defaults__"))
    elif isinstance(owner, type) or hasattr(owner, "__dict__"):
        names = [name for name, value in vars(owner).items() if _holds(value, home)]
        found.moves += [_attribute(owner, name) for name in names]
        if not names and not isinstance(owner, (type, ModuleType)):
            found.fixed.append(type(owner).__qualname__)
    else:
        found.fixed.append(type(owner).__qualname__)


def _item(owner: Any, key: Any) -> Move:
    def move(moved: Callable[[Any], Any]) -> None:
        owner[key] = moved(owner[key])

    return move


def _attribute(owner: Any, name: str) -> Move:
    def move(moved: Callable[[Any], Any]) -> None:
        setattr(owner, name, moved(getattr(owner, name)))

    return move
