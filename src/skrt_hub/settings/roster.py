"""The list of participants over time: who keeps which name, and how hub.yaml's list is changed by a command.

The list itself is the organiser's file. What is kept beside it is only which log-in name each person has had.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from skrt_hub.errors import RefusedError
from skrt_hub.files import read_json, write_atomically, write_json
from skrt_hub.settings.load import participants_file, read_hub_yaml
from skrt_hub.settings.model import Settings
from skrt_hub.settings.pasted import written
from skrt_hub.settings.people import (
    Listed,
    decode,
    header,
    people_in_line,
    person_in,
    separator,
    table_rows,
    with_logins,
)

NEW_FILE = "participants.csv"
_TITLES = ("login", "name", "email", "group")


def remembered(settings: Settings, file: Path) -> Settings:
    """The settings with the log-in names that these people had before."""
    before = earlier(file)
    if not before or not settings.participants:
        return settings
    return settings.model_copy(update={"participants": with_logins(settings.participants, before)})


def remember(settings: Settings, file: Path) -> None:
    """Keep who has which name; those of earlier lists stay, so that nobody new gets a name that had a home."""
    now = {person.login: person for person in settings.participants}
    kept = {person.login: person for person in earlier(file)}
    if {**kept, **now} != kept:
        write_json(file, {"people": [person.model_dump() for person in {**kept, **now}.values()]}, mode=0o600)


def forget(login: str, file: Path) -> bool:
    """Forget who had this name, after the home was erased; whether it was known."""
    kept = earlier(file)
    left = [person for person in kept if person.login != login]
    if len(left) != len(kept):
        write_json(file, {"people": [person.model_dump() for person in left]}, mode=0o600)
    return len(left) != len(kept)


def earlier(file: Path) -> list[Listed]:
    """Everybody who was listed by now, with the names they had."""
    document = read_json(file) or {}
    return [Listed.model_validate(row) for row in document.get("people", [])]


# Changing the list


def add(config: Path | None, people: Sequence[Listed]) -> Path:
    """Write these people into the list; the file that was changed. Raises SettingsError."""
    hub_yaml = config or Path("hub.yaml")
    table = participants_file(hub_yaml) if hub_yaml.exists() else None
    if table is not None:
        _add_to_table(table, people)
        return table
    document = read_hub_yaml(hub_yaml) if hub_yaml.exists() else {}
    if document.get("participants"):
        document["participants"].extend(_short(person) for person in people)
        _write_yaml(hub_yaml, document)
        return hub_yaml
    table = hub_yaml.resolve().parent / NEW_FILE
    if table.exists():
        raise RefusedError(
            f"{table} exists, and hub.yaml does not name it.",
            why="It would be written over.",
            remedy=f"Write `participants: {NEW_FILE}` in hub.yaml, or move that file away.",
        )
    write_atomically(table, _line(_TITLES, ","), mode=0o600)
    _add_to_table(table, people)
    document["participants"] = NEW_FILE
    _write_yaml(hub_yaml, document)
    return table


def take_out(config: Path | None, settings: Settings, logins: Iterable[str]) -> Path | None:
    """Take these people out of the list; the file that was changed, if any."""
    gone = set(logins) & set(settings.names)
    hub_yaml = config or Path("hub.yaml")
    if not gone or not hub_yaml.exists():
        return None
    table = participants_file(hub_yaml)
    if table is not None:
        _take_out_of_table(table, settings, gone)
        return table
    document = read_hub_yaml(hub_yaml)
    entries = document["participants"]
    listed = [Listed.model_validate(dict(entry) if isinstance(entry, dict) else entry) for entry in entries]
    for number in reversed(range(len(entries))):
        if _login_of(listed[number], settings) in gone:
            del entries[number]
    _write_yaml(hub_yaml, document)
    return hub_yaml


def _login_of(person: Listed, settings: Settings) -> str:
    """The log-in name that a line of the list has come to."""
    described = (person.name, person.email)
    same = (who.login for who in settings.participants if person.login == "" and (who.name, who.email) == described)
    return person.login or next(same, "")


def _add_to_table(table: Path, people: Sequence[Listed]) -> None:
    text = decode(table.read_bytes())
    rows = table_rows(text)
    columns = header(rows[0]) if rows else {}
    mark = separator(text.lstrip().partition("\n")[0])
    if columns:
        _ensure_room(people, {*columns} | ({"name"} if "first" in columns else set()), table)
        lines = [_line(_cells(person, columns, len(rows[0])), mark) for person in people]
    else:
        _ensure_room(people, {"name", "email"}, table)
        lines = [f"{written(who.name, who.email or ('' if who.name else who.login))}\n" for who in people]
    end = "" if not text or text.endswith("\n") else "\n"
    write_atomically(table, f"{text}{end}{''.join(lines)}", mode=table.stat().st_mode & 0o777)


def _cells(person: Listed, columns: Mapping[str, int], width: int) -> list[str]:
    """The person as a line of this table, as far as it has columns."""
    cells = [""] * max(width, max(columns.values()) + 1)
    given = person.model_dump()
    for kind, number in columns.items():
        cells[number] = given.get(kind, "")
    if "login" not in columns and not any(cells):  # a name that is no more than a log-in name
        cells[columns.get("name", columns.get("first", 0))] = person.login
    if "name" not in columns and "first" in columns and person.name:
        last, comma, first = (part.strip() for part in person.name.partition(","))  # Müller, Anna
        if not comma:
            first, _, last = person.name.rpartition(" ")
        cells[columns["first"]] = first or last
        if "last" in columns and first:
            cells[columns["last"]] = last
    return cells


def _ensure_room(people: Sequence[Listed], kinds: Collection[str], table: Path) -> None:
    for person in people:
        lost = [kind for kind in ("name", "email", "group") if getattr(person, kind) and kind not in kinds]
        if lost:
            raise RefusedError(
                f"{table} has no column for the {' and the '.join(lost)} of {person.shown or person.email}.",
                why="That would be lost. Nothing was changed.",
                remedy=f"Give it a heading for each as its first line, such as {','.join(_TITLES)}; then type the "
                "command again.",
            )


def _take_out_of_table(table: Path, settings: Settings, gone: set[str]) -> None:
    text = decode(table.read_bytes())
    rows = table_rows(text)
    columns = header(rows[0]) if rows else {}
    mark = separator(text.lstrip().partition("\n")[0])
    kept = []
    for number, row in enumerate(rows if columns else []):
        titles = number == 0
        empty = not any(cell.strip() for cell in row)
        if titles or empty or _login_of(person_in(row, columns), settings) not in gone:
            kept.append(_line(row, mark))
    if not columns:
        lines = text.splitlines()
        alone = sum(bool(line.strip()) for line in lines) == 1
        kept = [_left_of(line, people_in_line(line, alone=alone), settings, gone) for line in lines]
    write_atomically(table, "".join(kept), mode=table.stat().st_mode & 0o777)


def _left_of(line: str, people: Sequence[Listed], settings: Settings, gone: set[str]) -> str:
    """A line of a list without columns, without those who go; the others of the line then have a line each."""
    left = [person for person in people if _login_of(person, settings) not in gone]
    if len(left) == len(people):
        return f"{line}\n"
    return "".join(f"{written(person.name, person.email)}\n" for person in left)


def _line(cells: Sequence[str], mark: str) -> str:
    out = io.StringIO()
    csv.writer(out, delimiter=mark, lineterminator="\n").writerow(cells)
    return out.getvalue()


def _short(person: Listed) -> Any:
    given = {key: value for key, value in person.model_dump().items() if value}
    return person.login if set(given) == {"login"} else given


def _write_yaml(path: Path, document: Any) -> None:
    out = io.StringIO()
    yaml = YAML(typ="rt")
    yaml.width = 120
    yaml.dump(document, out)
    try:
        mode = path.stat().st_mode & 0o777
    except FileNotFoundError:
        mode = 0o644
    write_atomically(path, out.getvalue(), mode=mode)
