"""One-time codes: four short English words, which can be read from a slip and typed on a phone.

Four of 256 words are 2**32 codes. They cannot be guessed through the log-in page, where the brake lets through some
tries a day; and they are worth nothing once their owner has chosen a password.
"""

from __future__ import annotations

import re
import secrets
import unicodedata
from pathlib import Path

WORDS = tuple((Path(__file__).parent / "words" / "codes.txt").read_text(encoding="ascii").split())
_COUNT = 4


def new_code() -> str:
    """A code that nobody has seen: `lemon-river-panda-clock`."""
    return "-".join(secrets.choice(WORDS) for _ in range(_COUNT))


def plain(code: str) -> str:
    """A code as it is hashed: capitals, spaces, commas and hyphens do not matter to whoever types it."""
    return "-".join(re.findall(r"[a-z]+", unicodedata.normalize("NFKC", code).lower()))
