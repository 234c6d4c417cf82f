"""Which names can log in, for hub.yaml. The log-in itself stands alone (skrt_hub.hub.authenticator) with the same rule.

A test holds the two against each other.
"""

from __future__ import annotations

import unicodedata

_LONGEST = 100
_PUNCTUATION = " ._@+'-"


def usable(name: str) -> str:
    """The one spelling of a name: compatibility form, lower case, single spaces. Raises ValueError."""
    text = unicodedata.normalize("NFKC", " ".join(unicodedata.normalize("NFKC", name).lower().split()))
    allowed = all(letter in _PUNCTUATION or unicodedata.category(letter)[0] in "LMN" for letter in text)
    if not allowed or not any(unicodedata.category(letter)[0] in "LN" for letter in text) or len(text) > _LONGEST:
        raise ValueError(
            f"{name!r} cannot be a participant's name: use letters, digits, spaces and ._@+'-, at least one letter or "
            f"digit, and at most {_LONGEST} characters"
        )
    return text
