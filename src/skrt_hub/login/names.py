"""Which names can log in, the one spelling of each, and how one is made from what a person is called."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

LONGEST = 100
PUNCTUATION = " ._@+'-"
_LETTERS = str.maketrans(
    {"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "æ": "ae", "ø": "oe", "å": "aa", "œ": "oe", "ł": "l", "đ": "d"}
    | {"ð": "d", "þ": "th", "ı": "i", "’": "", "'": ""}
)
_TITLES = {"dr", "prof", "mr", "mrs", "ms", "herr", "frau", "dipl-ing", "msc", "bsc", "phd"}


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


def proposed(name: str, email: str = "", other: str = "") -> str:
    """A name to log in with that can be read and typed: from a person's own name, else their address, else `other`."""
    words = name or email.partition("@")[0].partition("+")[0] or other
    if "," in words:  # Müller, Anna
        last, _, first = words.partition(",")
        words = f"{first} {last}"
    parts = [part for part in re.split(r"\s+", words.strip()) if part.strip(".").lower() not in _TITLES]
    chosen = parts if len(parts) < 2 else [parts[0], parts[-1]]
    plain = ".".join(filter(None, (_plain(part) for part in chosen)))
    return plain or ".".join(_letters(part) for part in chosen) or "guest"


def free(wanted: str, is_taken: Callable[[str], bool]) -> str:
    """The name itself, or the first one with a number that nobody has."""
    base = normalised(wanted[:80])
    if not is_taken(base):
        return base
    return next(name for number in range(2, 10**6) if not is_taken(name := f"{base}{number}"))


def _plain(word: str) -> str:
    """A word in letters that every keyboard has; nothing where it has none of them."""
    ascii_only = unicodedata.normalize("NFKD", word.lower().translate(_LETTERS)).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9.-]+", "", ascii_only).strip(".-")


def _letters(word: str) -> str:
    """A word of another script, without what cannot stand in a name."""
    return "".join(letter for letter in word.lower() if unicodedata.category(letter)[0] in "LMN")
