"""When a server that nobody uses ends."""

from __future__ import annotations

_RARELY, _OFTEN = 300, 5


def look_every(idle: int) -> int:
    """How often, in seconds, a server tells when it was last used, and the hub looks: well within `limits.idle`."""
    return max(_OFTEN, min(_RARELY, idle // 4)) if idle else _RARELY


def in_words(idle: int) -> str:
    """What is told to somebody who waits for a seat; nothing where a server never ends, or within the minute."""
    return f"A server that nobody uses ends by itself after {idle // 60} minutes." if idle >= 60 else ""
