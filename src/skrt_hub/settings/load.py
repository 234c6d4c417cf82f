"""Reading hub.yaml: to frozen settings, or to an error that names the line, the reason and the nearest key."""

from __future__ import annotations

import difflib
import os
import re
import types
import typing
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from skrt_hub.errors import SettingsError
from skrt_hub.settings import container
from skrt_hub.settings.model import Settings
from skrt_hub.settings.people import people_in_file
from skrt_hub.settings.units import WRITTEN, in_words

_DEEPEST = 100
"""Brackets in each other in a hub.yaml that somebody means."""
REMEDY = "Correct the file and run the command again. `skrt-hub init --print` shows every key with an explanation."


def find_hub_yaml(given: Path | None) -> Path | None:
    """The hub.yaml that is meant: the given one, else the one in the folder one stands in, else None (the defaults).

    A link that leads nowhere is no missing file: taken for one, it would turn every command to another hub.
    """
    path = given if given is not None else Path("hub.yaml")
    if path.is_symlink() and not path.exists():
        raise SettingsError(
            f"{path} leads nowhere.",
            why=f"It is a link to {path.readlink()}, which does not exist.",
            remedy="Mend the link, or remove it to use the defaults.",
        )
    return path if given is not None or path.exists() else None


def load_settings(path: Path | None, *, targets: Collection[str] = (), **overrides: Any) -> Settings:
    """Settings from the file `path`, or the defaults where it is None, with top-level `overrides` laid over.

    Relative folders in the file are taken from the file's own folder. `targets`, where given, are the places where a
    hub can run. Raises SettingsError.
    """
    document = _read(path) if path is not None else {}
    document.update(overrides)
    said = os.environ.get(container.VARIABLE, "")
    document.update(container.inside(document, said))
    document.update(container.defaults(document, said))
    if path is not None and _is_table(document.get("participants")):
        document["participants"] = _people(path, document)
    try:
        settings = Settings.model_validate(document, context=WRITTEN)
    except ValidationError as error:
        raise _explain(error, document, path) from None
    if targets and settings.target not in targets:
        known = " or ".join(f"`{name}`" for name in targets)
        why = f"line {_line(document, ('target',))}: target: write {known}; found {settings.target!r}"
        raise SettingsError(f"{path or 'The settings'} cannot be used.", why=why, remedy=REMEDY)
    if path is None:
        return settings
    folder = path.resolve().parent
    found: Settings = _absolute(settings, folder)
    return found.model_copy(update={"environment": found.environment.noted_in(folder)})


def participants_file(path: Path) -> Path | None:
    """The file that hub.yaml's `participants` names, if it names one."""
    named = _read(path).get("participants")
    return path.resolve().parent / Path(named).expanduser() if _is_table(named) else None


def _is_table(named: Any) -> bool:
    return isinstance(named, str) and Path(named).suffix.lower() in (".csv", ".tsv", ".txt", ".xlsx")


def _people(path: Path, document: Any) -> list[dict[str, str]]:
    """The people in the file that `participants` names."""
    file = path.resolve().parent / Path(document["participants"]).expanduser()
    where = f"{path}, line {_line(document, ('participants',))}"
    try:
        return [person.model_dump() for person in people_in_file(file)]
    except OSError as error:
        raise SettingsError(
            f"{where}: the list of participants {file} cannot be read.",
            why=f"{error.strerror}.",
            remedy="Correct the file's name; or write a list, such as participants: [anna, chen]",
        ) from None
    except ValueError as error:
        raise SettingsError(
            f"{where}: the list of participants {file} cannot be used.", why=str(error), remedy=REMEDY
        ) from None


def read_hub_yaml(path: Path) -> Any:
    """hub.yaml as it stands, comments and all. Raises SettingsError."""
    return _read(path)


def _read(path: Path) -> Any:
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise SettingsError(
            f"{path} does not exist.",
            remedy="Write one with `skrt-hub init`, or leave out --config to use the defaults.",
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} cannot be read.", why=str(error), remedy=REMEDY) from None
    if _depth(text) > _DEEPEST:
        raise _too_deep(path)
    try:
        document = YAML(typ="rt").load(text)
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise SettingsError(f"{path}, line {line}: this is not YAML.", why=str(error.problem), remedy=REMEDY) from None
    except YAMLError as error:
        raise SettingsError(f"{path} is not YAML.", why=str(error), remedy=REMEDY) from None
    except RecursionError:
        raise _too_deep(path) from None
    if document is None:
        return {}
    if not isinstance(document, dict):
        raise SettingsError(f"{path} must hold keys and values, such as `port: 8000`.", remedy=REMEDY)
    return document


def _depth(text: str) -> int:
    """How deep the brackets go; those in quotation marks are counted, too, and are never that many."""
    depth = deepest = 0
    for letter in re.findall(r"[\[\]{}]", text):
        depth += 1 if letter in "[{" else -1
        deepest = max(deepest, depth)
    return deepest


def _too_deep(path: Path) -> SettingsError:
    # The reader of YAML would take seconds, and all of the stack.
    return SettingsError(
        f"{path} cannot be read.", why="It has too many brackets or lists in each other.", remedy=REMEDY
    )


# pydantic's words for what a beginner gets wrong most, in words that say what to write.
_PLAIN = {
    "tuple_type": "write a list, such as [anna, chen], or one entry a line, each after a hyphen",
    "int_parsing": "write a whole number",
    "int_type": "write a whole number",
    "float_parsing": "write a number",
    "model_type": "write a text; put it in quotation marks where it looks like a number",
    "string_type": "write a text; put it in quotation marks where it looks like a number",
    "bool_parsing": "write true or false",
    "string_pattern_mismatch": "this form is not possible; `skrt-hub init` writes a hub.yaml that explains each key",
}


def _explain(error: ValidationError, document: Any, path: Path | None) -> SettingsError:
    lines = []
    for problem in error.errors():
        where = tuple(problem["loc"])
        name = ".".join(str(part) for part in where)
        reason = problem["msg"].removeprefix("Value error, ")
        reason = _PLAIN.get(problem["type"], reason)
        if problem["type"] == "greater_than_equal" and (least := _least(problem["ctx"]["ge"], where)):
            reason = f"write at least {least}"
        elif problem["type"] == "extra_forbidden":
            reason = "there is no such key" + _nearest(where)
        elif isinstance(problem.get("input"), str | int | float | bool):
            reason = f"{reason}; found {problem['input']!r}"
        lines.append(f"line {_line(document, where)}: {name + ': ' if name else ''}{reason}")
    return SettingsError(f"{path or 'The settings'} cannot be used.", why="\n".join(lines), remedy=REMEDY)


def _line(node: Any, where: Sequence[int | str]) -> int:
    """The line of the key at `where`, or of the deepest part of it that the file has."""
    line = 1
    for part in where:
        try:
            position = node.lc.key(part) if isinstance(part, str) else node.lc.item(part)
            node = node[part]
        except (KeyError, IndexError, TypeError, AttributeError):
            break
        line = int(position[0]) + 1
    return line


def _nearest(where: Sequence[int | str]) -> str:
    keys = _keys_at(where[:-1])
    close = difflib.get_close_matches(str(where[-1]), keys, n=1, cutoff=0.5)
    return f"; did you mean `{close[0]}`?" if close else f"; there are: {', '.join(keys)}" if keys else ""


def _least(value: Any, where: Sequence[int | str]) -> str:
    """The least that may stand there, as a person writes it; nothing for a plain number."""
    section = _section_at(where[:-1])
    field = section.model_fields.get(where[-1]) if _is_section(section) else None
    return in_words(value, field.metadata) if field is not None else ""


def _keys_at(where: Sequence[int | str]) -> list[str]:
    model = _section_at(where)
    return [field.alias or key for key, field in model.model_fields.items()] if _is_section(model) else []


def _section_at(where: Sequence[int | str]) -> Any:
    model: Any = Settings
    for part in where:
        if isinstance(part, int):
            continue
        field = model.model_fields.get(part) if _is_section(model) else None
        if field is None:
            return None
        model = _section_in(field.annotation)
    return model


def _section_in(annotation: Any) -> Any:
    if typing.get_origin(annotation) in (tuple, list, types.UnionType, typing.Union):
        for inner in typing.get_args(annotation):
            if _is_section(_section_in(inner)):
                return _section_in(inner)
    return annotation


def _is_section(thing: Any) -> bool:
    return isinstance(thing, type) and issubclass(thing, BaseModel)


def _absolute(section: Any, folder: Path) -> Any:
    """The same settings with every relative path taken from `folder`."""
    changed: dict[str, Any] = {}
    for name in type(section).model_fields:
        value = getattr(section, name)
        if isinstance(value, Path):
            changed[name] = folder / value.expanduser()
        elif isinstance(value, BaseModel):
            changed[name] = _absolute(value, folder)
        elif isinstance(value, tuple):
            changed[name] = tuple(_absolute_item(item, folder) for item in value)
    return section.model_copy(update=changed)


def _absolute_item(item: Any, folder: Path) -> Any:
    if isinstance(item, Path):
        return folder / item.expanduser()
    return _absolute(item, folder) if isinstance(item, BaseModel) else item
