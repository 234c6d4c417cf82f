"""Who is listed: participants from hub.yaml or from a table, and the name that each logs in with.

A log-in name is made from what a teacher has (a name, an e-mail address), so that it can be read from a slip and typed.
Who was listed before keeps the name from then, whatever changes in the list.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pydantic import Field, field_validator, model_validator

from skrt_hub.login import names
from skrt_hub.settings.pasted import address_in, ensure_name, people_on
from skrt_hub.settings.section import Section
from skrt_hub.settings.spreadsheet import is_workbook, rows_in

# What the columns of a table are called, in the two languages that tables come in.
_COLUMNS = {
    "login": ("login", "log-in", "username", "user", "account", "benutzername", "kennung", "benutzer", "login name"),
    "first": ("first name", "firstname", "given name", "forename", "vorname", "rufname"),
    "last": ("last name", "lastname", "surname", "family name", "nachname", "familienname"),
    "name": ("name", "full name", "fullname", "participant", "student", "teilnehmer", "teilnehmerin"),
    "email": ("email", "e-mail", "mail", "email address", "e-mail address", "e-mail-adresse", "mailadresse"),
    "group": ("group", "class", "course", "gruppe", "kurs", "klasse"),
    "known_as": ("known as", "known at", "bekannt als"),
}


class Listed(Section):
    """One participant of a list."""

    login: str = Field("", description="The name to log in with; by default it is made from `name` or `email`.")
    name: str = Field("", description="The person's own name, shown on the slip.")
    email: str = Field("", description="The person's e-mail address, by which a new list knows them again.")
    group: str = Field("", description="A group, for commands that take `--group`.")
    known_as: str = Field(
        "",
        description="With a log-in at an institution: what the provider calls this person, its lasting mark (`sub`) or "
        "what it tells as `name_claim`; then nothing else finds this name.",
    )

    @model_validator(mode="before")
    @classmethod
    def _a_bare_name(cls, value: Any) -> Any:
        return {"login": _usable(value)} if isinstance(value, str) else value

    @field_validator("login")
    @classmethod
    def _one_spelling(cls, value: str) -> str:
        return _usable(value) if value.strip() else ""

    @model_validator(mode="after")
    def _somebody(self) -> Listed:
        if not (self.login or self.name or self.email):
            raise ValueError("give a `login`, a `name` or an `email`")
        return self

    @property
    def shown(self) -> str:
        """What a person would call them."""
        return self.name or self.login


def _usable(name: str) -> str:
    try:
        return names.normalised(name)
    except names.NameRefusedError as refused:
        raise ValueError(f"{name!r} cannot be a participant's name: {refused}") from None


class _Made(str):
    """A log-in name that was made here: who wrote one into the list means that name, and nobody else's."""

    __slots__ = ()


def with_logins(people: Sequence[Listed], before: Sequence[Listed] = ()) -> tuple[Listed, ...]:
    """These people, each with a name to log in with that nobody else has.

    `before` are those of earlier lists: who was among them keeps that name, and nobody new gets it.
    """
    found: dict[int, Listed] = {number: person for number, person in enumerate(people) if not _unnamed(person)}
    taken = {person.login for person in found.values()}
    known = [person for person in before if person.login not in taken]
    for number, person in enumerate(people):
        same = None if number in found else next((old for old in known if _same(person, old)), None)
        if same is not None:
            known.remove(same)
            taken.add(same.login)
            found[number] = person.model_copy(update={"login": _Made(same.login)})
    taken |= {person.login for person in before}
    for number, person in enumerate(people):
        if number not in found:
            login = _free(_proposal(person), taken)
            taken.add(login)
            found[number] = person.model_copy(update={"login": _Made(login)})
    unique = {found[number].login: found[number] for number in sorted(found, reverse=True)}
    return tuple(reversed(unique.values()))


def read_table(text: str, *, what: str) -> list[Listed]:
    """The people in a table (CSV), or in lines with names and addresses. Raises ValueError with the line."""
    try:
        rows = table_rows(text)
    except ValueError as error:
        raise ValueError(f"{what}: {error}") from None
    return _in_table(rows, what) if rows and header(rows[0]) else _in_lines(_with_plain_ends(text).split("\n"), what)


def read_list(data: bytes, *, what: str) -> list[Listed]:
    """The people in the bytes of a list: a workbook (XLSX), or text as above. Raises ValueError."""
    if not is_workbook(data):
        return read_table(decode(data), what=what)
    try:
        rows = rows_in(data)
    except ValueError as error:
        raise ValueError(f"{what}: {error}") from None
    return _in_table(rows, what) if rows and header(rows[0]) else _in_lines(["\t".join(row) for row in rows], what)


def _in_table(rows: Sequence[Sequence[str]], what: str) -> list[Listed]:
    columns, width = header(rows[0]), len(rows[0])
    found = []
    for number, row in enumerate(rows[1:], start=2):
        if not any(cell.strip() for cell in row):
            continue
        with _named(what, number):
            if any(cell.strip() for cell in row[width:]):
                raise ValueError(
                    f"it has {len(row)} cells, and the heading has {width}; a cell with a comma in it needs quotation "
                    'marks, such as "Meier, Eva"'
                )
            found.append(person_in(row, columns))
    return found


def _in_lines(lines: Sequence[str], what: str) -> list[Listed]:
    alone = sum(bool(line.strip()) for line in lines) == 1
    found = []
    for number, line in enumerate(lines, start=1):
        with _named(what, number):
            found += people_in_line(line, alone=alone)
    return found


def people_in_line(line: str, *, alone: bool) -> list[Listed]:
    """The people on a line of a list without a heading. `alone`: it is the only one. Raises ValueError."""
    return [Listed(name=name, email=email) for name, email in people_on(line, alone=alone)]


@contextmanager
def _named(what: str, number: int) -> Iterator[None]:
    """Whatever is refused in here names the line."""
    try:
        yield
    except ValueError as error:
        reason = str(error).split("Value error, ")[-1].split(" [type=")[0]
        raise ValueError(f"{what}, line {number}: {reason}") from None


def decode(data: bytes) -> str:
    """A table's text: UTF-8, or what spreadsheet programs on Windows write."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", errors="replace")


def table_rows(text: str) -> list[list[str]]:
    """The cells of each line; commas, semicolons or tabs stand between them. Raises ValueError."""
    text = _with_plain_ends(text).lstrip("\n")
    try:
        return list(csv.reader(io.StringIO(text), delimiter=separator(text.partition("\n")[0])))
    except csv.Error as error:
        raise ValueError(f"this is no table: {error}") from None


def _with_plain_ends(text: str) -> str:
    """The text as every system ends its lines here: old Macs' spreadsheets write none of the usual ends."""
    return text.lstrip("\ufeff").replace("\r\n", "\n").replace("\r", "\n")


def separator(first: str) -> str:
    """What stands between the cells of this line."""
    return max(";\t,", key=lambda mark: (first.count(mark), mark == ","))


def header(row: Sequence[str]) -> dict[str, int]:
    """Which column holds what, where this is a line of titles; else nothing."""
    found: dict[str, int] = {}
    for number, cell in enumerate(row):
        title = " ".join(cell.strip().lower().replace("_", " ").split())
        kind = next((kind for kind, titles in _COLUMNS.items() if title in titles), None)
        if kind is not None:
            found.setdefault(kind, number)
    return found if {"login", "name", "first", "last", "email"} & set(found) else {}


def person_in(row: Sequence[str], columns: Mapping[str, int]) -> Listed:
    """The person on one line of a table. Raises ValueError."""
    cells = {kind: row[number].strip() for kind, number in columns.items() if number < len(row)}
    if any("\n" in cell for cell in cells.values()):
        raise ValueError("a cell goes on over several lines; a quotation mark may be missing")
    name = cells.get("name", "") or " ".join(filter(None, (cells.get("first", ""), cells.get("last", ""))))
    also, email = address_in(cells.get("email", ""))
    if "@" in name and not email:
        name, email = address_in(name)
    given = {key: cells.get(key, "") for key in ("login", "group", "known_as")}
    return Listed(name=ensure_name(name or also), email=email, **given)


def is_made(person: Listed) -> bool:
    """Whether the log-in name is one that was made here, and not chosen by whoever wrote the list."""
    if not person.login:
        return True
    described = bool(person.name or person.email)
    return described and re.fullmatch(re.escape(_proposal(person)) + r"\d*", person.login) is not None


def _unnamed(person: Listed) -> bool:
    return not person.login or isinstance(person.login, _Made)


def _same(person: Listed, other: Listed) -> bool:
    if person.email and other.email:
        return person.email.lower() == other.email.lower()
    return bool(person.name) and _first_names_first(person.name) == _first_names_first(other.name)


def _first_names_first(name: str) -> str:
    last, comma, first = (part.strip() for part in name.casefold().partition(","))
    return f"{first} {last}" if comma else name.casefold()


def _proposal(person: Listed) -> str:
    return names.proposed(person.name, person.email, person.login)


def _free(wanted: str, taken: set[str]) -> str:
    return names.free(wanted, taken.__contains__)


def people_in_file(path: Path) -> list[Listed]:
    """The people in the file of a list. Raises OSError, and ValueError with the line."""
    data = path.read_bytes()
    if is_workbook(data):  # the hub writes into its list, and into no workbook
        raise ValueError(
            f"{path.name} is a workbook; leave `participants` out, and type: skrt-hub participants import {path.name}"
        )
    return read_table(decode(data), what=path.name)
