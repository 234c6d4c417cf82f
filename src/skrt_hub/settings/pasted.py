"""People on lines that have no columns: names, addresses, and lists of both as mail programs write them.

What can be read in two ways is refused, with what to write: a guess would lose people, or make one person of two.
"""

from __future__ import annotations

import re

HEADING = "Last name, First name, Email, Group"
_WHOLE = re.compile(r'"(?:[^"\\]|\\.)*"|<[^<>]*>|\([^()]*\)|.')
"""What no mark divides: a text in quotation marks, an address in angle brackets, a remark; else one letter."""
_ADDRESS = re.compile(r"""[^\s@<>(),;:"]+@[^\s@<>(),;:"]+""")
_BRACKETS = re.compile(r"(?P<name>[^<>]*)<(?:mailto:)?(?P<email>[^<>\s]+)>")
_REMARK = re.compile(r"(?P<email>\S+@\S+)\s+\((?P<name>[^()]*)\)")
_BEFORE = re.compile(r"(?:[-*•·–]|\d{1,4}[.)])\s+|(?:to|cc|bcc|from|an|kopie|von)\s*:\s*", re.IGNORECASE)
"""What a list or a mail writes before its entries."""
_IN_NO_NAME = re.compile(r'[;<>@"\t\n]')
_LEAST_NAMES = 3  # two may be a family name and first names


def people_on(line: str, *, alone: bool) -> list[tuple[str, str]]:
    """The name and the address of each person on this line. `alone`: there is no other line. Raises ValueError."""
    line = _BEFORE.sub("", line.strip(), count=1) if _BEFORE.match(line.strip()) else line.strip()
    if "\t" in line:
        return _in_columns([cell for cell in line.split("\t") if cell.strip()])
    mark = ";" if ";" in _divided(line, ";,") else ","
    pieces = [piece.strip() for piece in _pieces(line, mark)]
    pieces = [piece for piece in pieces if piece]
    with_address = [piece for piece in pieces if "@" in piece]
    if len(pieces) == len(with_address):
        return [person for piece in pieces for person in _with_address(piece)]
    if len(pieces) == 2 and len(with_address) == 1:
        return [_name_and_address(pieces)]
    if with_address:
        without = next(piece for piece in pieces if "@" not in piece)
        raise ValueError(
            f"{without!r} has no address, and others on the line have one; write a semicolon or a new line between "
            "people, and quotation marks around a name with a comma"
        )
    return _names(pieces, mark, alone=alone)


def address_in(cell: str) -> tuple[str, str]:
    """The name, if any, and the address in a cell for one address. Raises ValueError."""
    found = _with_address(cell) if "@" in cell else [("", cell)]
    if len(found) != 1:
        raise ValueError(f"{cell!r} is more than one address")
    return found[0]


def ensure_name(name: str) -> str:
    """The name itself. Raises ValueError for what a person cannot be called."""
    if _IN_NO_NAME.search(name):
        raise ValueError(f"{name!r} is no name; something else divides the columns here, or a quotation mark is alone")
    return name


def written(name: str, email: str) -> str:
    """One person as a line that is read as the same person again."""
    if not (name and email):
        return f'"{name}"' if "," in name else name or email
    return f'"{name}" <{email}>'


def _divided(line: str, marks: str) -> set[str]:
    """Which of these marks stand in the line, and not within something whole."""
    return {part for part in _WHOLE.findall(line) if part in marks}


def _pieces(line: str, mark: str) -> list[str]:
    pieces = [""]
    for part in _WHOLE.findall(line):
        if part == mark:
            pieces.append("")
        else:
            pieces[-1] += part
    return pieces


def _with_address(piece: str) -> list[tuple[str, str]]:
    """Of a piece with an address in it: Eva Meier <e@x>, e@x (Eva Meier), Eva Meier e@x, e@x, e@x k@x."""
    match = _BRACKETS.fullmatch(piece.strip()) or _REMARK.fullmatch(piece.strip())
    words = piece.removeprefix("mailto:").split()
    if match is None and all(_ADDRESS.fullmatch(word) for word in words):
        return [("", word) for word in words]
    name, email = (match["name"], match["email"]) if match is not None else (" ".join(words[:-1]), words[-1])
    name = _unquoted(name)
    if not _ADDRESS.fullmatch(email) or (_IN_NO_NAME.search(name) and name != email):
        raise ValueError(
            f"{piece.strip()!r} is not one person's address; write for example Eva Meier <eva@uni.example>"
        )
    return [("" if name == email else name, email)]


def _name_and_address(pieces: list[str]) -> tuple[str, str]:
    """Of two pieces, one of them an address and nothing else, the other a whole name."""
    name, email = sorted(pieces, key=lambda piece: "@" in piece)
    name, email = _unquoted(name), email.strip()
    if not _ADDRESS.fullmatch(email):  # `Meier, Eva <eva@uni.example>`
        raise ValueError(
            f"it cannot be told whether {name!r} is a person or a part of the next name; write quotation marks around "
            'a name with a comma, such as "Meier, Eva", or a line for each person'
        )
    return ensure_name(name), email


def _names(pieces: list[str], mark: str, *, alone: bool) -> list[tuple[str, str]]:
    names = [ensure_name(_unquoted(piece)) for piece in pieces]
    whole = all(name.count(",") == 1 for name in names)  # Meier, Eva; Groß, Karl
    many = alone and len(names) >= _LEAST_NAMES and all(len(name.split()) > 1 for name in names)
    if len(names) > 1 and not whole and not many:
        raise ValueError(
            f"{f'{mark} '.join(pieces)!r} may be several people or one person's columns; write a line for each "
            f"person, or a heading as the first line, such as {HEADING.replace(', ', mark)}"
        )
    return [(name, "") for name in names]


def _in_columns(cells: list[str]) -> list[tuple[str, str]]:
    if len(cells) < 2:
        return [person for cell in cells for person in people_on(cell.replace("\t", " "), alone=False)]
    if len(cells) == 2 and sum("@" in cell for cell in cells) == 1:
        return [_name_and_address(cells)]
    raise ValueError(
        "these are columns, and no heading says what is in each; write one as the first line, for example "
        f"{HEADING.replace(', ', ' [Tab] ')}; what the hub need not know may have any heading"
    )


def _unquoted(name: str) -> str:
    bare = " ".join(name.split())
    for mark in ('"', "'"):
        if len(bare) > 1 and bare[0] == bare[-1] == mark:
            bare = bare[1:-1].replace(f"\\{mark}", mark).strip()
    return bare
