"""What was meant by a word that is none of those that can be used."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

_ALIKE = 0.7
"""How much of two words must be the same for one to be taken for a slip of the other."""


def meant(given: str, choices: Iterable[str], before: str = "") -> str:
    """A question for the one of the choices that `given` is most like, and a space; nothing where none is like it."""
    # Two options are not alike because both begin with dashes, nor does a value count.
    plain = {choice.lstrip("-"): choice for choice in reversed([*choices])}
    near = difflib.get_close_matches(given.partition("=")[0].lstrip("-"), plain, n=1, cutoff=_ALIKE)
    return f"Did you mean: {' '.join(filter(None, (before, plain[near[0]])))}? " if near else ""
