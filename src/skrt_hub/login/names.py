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
_SORTED_AS = str.maketrans({"æ": "ae", "ø": "o", "œ": "oe", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i"})
# Letters of other scripts that look like Latin ones, in lower case: Cyrillic, Greek and Armenian.
_ALIKE = str.maketrans(
    "\u0430\u0441\u0501\u0435\u04bb\u0456\u0458\u043a\u04cf\u043e\u0440\u051b\u0455\u0475\u051d\u0445\u0443"
    "\u0261\u0131\u03b9\u03ba\u03bf\u03c1\u03c5\u03bd\u03b1\u0578\u057d\u0570\u0585\u0581",
    "acdehijklopqsvwxygiikopuvanuhog",
)
# Letters and marks by their categories that show nothing, or are there to change how others look.
_INVISIBLE = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0\U0001d159\U0001d173-\U0001d17a\U000e0100-\U000e01ef]"
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
        shown = character.encode("unicode-escape").decode() if _INVISIBLE.match(character) else ""
        if shown:
            raise NameRefusedError(f"A name cannot contain {shown}, which nobody can see.")
        if character not in PUNCTUATION and unicodedata.category(character)[0] not in "LMN":
            raise NameRefusedError(f"A name cannot contain {character!r}; use letters, digits, spaces and ._@+'-")
    if not any(unicodedata.category(character)[0] in "LN" for character in text):
        raise NameRefusedError("A name needs at least one letter or digit.")
    return text


def likeness(name: str) -> str:
    """The same for names that an organiser could not tell apart on a page: letters of another script, a full stop."""
    return name.translate(_ALIKE).strip(PUNCTUATION)


def order(name: str) -> tuple[str, str]:
    """By what names are sorted, in every language of the machine: a letter with marks stands beside the plain one."""
    folded = unicodedata.normalize("NFKD", name.casefold().translate(_SORTED_AS))
    return "".join(letter for letter in folded if not unicodedata.combining(letter)), name


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
