"""A person's name taken out of logs, where it stands as a word of its own."""

from __future__ import annotations

import re
from collections.abc import Sequence

from skrt_hub.hub.log_ages import logs_of, rewrite
from skrt_hub.layout import Layout
from skrt_hub.policy.erasing import ERASED

_PART_OF_A_WORD = r"[\w.@%-]"
"""`@` as in an e-mail address."""
_ADDRESS = r"@[0-9a-fA-F.:]+\)"
"""What follows the name in JupyterHub's log: `(name@127.0.0.1)`."""
_SLASHES = ("%2F", "%2f", "%252F")
_BEFORE = (*_SLASHES, "jupyterhub-user-")
"""What stands before it in addresses within addresses, and in the names of servers' own clients."""


def take_out_names(layout: Layout, words: Sequence[str]) -> list[str]:
    """Write `(erased)` in place of each of these words in every log; the names of the logs that were changed."""
    longest_first = sorted(filter(None, words), key=len, reverse=True)
    either = "|".join(map(re.escape, longest_first))
    # A full stop or a hyphen may belong to a longer name, and a full stop may end a sentence.
    begun = "|".join([rf"(?<!{_PART_OF_A_WORD})", *(f"(?<={before})" for before in _BEFORE)])
    ended = rf"(?={_ADDRESS}|{'|'.join(_SLASHES)})|(?!\.?{_PART_OF_A_WORD.replace('.', '', 1)})"
    whole = re.compile(f"(?:{begun})(?:{either})(?:{ended})".encode())
    return [log.name for log in logs_of(layout) if rewrite(log, lambda data, _: whole.sub(ERASED.encode(), data))]
