"""Which names can log in, and the one spelling of each: for hub.yaml, for lists of participants, and for the log-in."""

from __future__ import annotations

import unicodedata

LONGEST = 100
PUNCTUATION = " ._@+'-"


class NameRefusedError(ValueError):
    """A name that cannot be used; the text says why."""


def normalised(name: str) -> str:
    """One spelling for each name: compatibility form, lower case, single spaces. Raises NameRefusedError.

    Letters, digits and combining marks of any script are allowed, and `._@+'-` and the space within.
    """
    text = " ".join(unicodedata.normalize("NFKC", name).lower().split())
    text = unicodedata.normalize("NFKC", text)
    if not text:
        raise NameRefusedError("Please type a name.")
    if len(text) > LONGEST:
        raise NameRefusedError(f"This name is too long; use at most {LONGEST} characters.")
    for character in text:
        if character not in PUNCTUATION and unicodedata.category(character)[0] not in "LMN":
            raise NameRefusedError(f"A name cannot contain {character!r}; use letters, digits, spaces and ._@+'-")
    if not any(unicodedata.category(character)[0] in "LN" for character in text):
        raise NameRefusedError("A name needs at least one letter or digit.")
    return text
