"""The standard library's `statistics`, as a module of its own that takes NumPy's numbers.

Since Python 3.11 `statistics.stdev` of NumPy integers fails: their sum has no `numerator` that is a plain integer.
Python's own module is left as it is; only scikit-rt is given this one.
"""

from __future__ import annotations

import functools
import statistics
from collections.abc import Callable
from types import FunctionType, ModuleType
from typing import Any


def statistics_for_numpy() -> ModuleType:
    """A module with all that `statistics` has, its functions made to accept NumPy scalars in their first argument."""
    module = ModuleType("statistics", statistics.__doc__)
    for name, value in vars(statistics).items():
        if name.startswith("__"):
            continue
        takes_values = isinstance(value, FunctionType) and not name.startswith("_")
        setattr(module, name, _with_plain_numbers(value) if takes_values else value)
    return module


def _with_plain_numbers(function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def with_plain_numbers(data: Any, *arguments: Any, **options: Any) -> Any:
        if hasattr(data, "__iter__") and not isinstance(data, str | bytes):
            data = [_plain(value) for value in data]
        return function(data, *arguments, **options)

    return with_plain_numbers


def _plain(value: Any) -> Any:
    """A NumPy scalar as Python's own number; anything else as it is."""
    item = getattr(value, "item", None)
    return item() if item is not None and getattr(value, "ndim", None) == 0 else value
