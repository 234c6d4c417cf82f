"""Writes the reference pages that are made from the code: the commands, hub.yaml's keys, the exit codes.

python scripts/make_reference.py          writes docs/reference/{commands,hub-yaml,exit-codes,promises}.md
python scripts/make_reference.py --check  writes nothing; exit code 1 where a page is out of date
"""

from __future__ import annotations

import inspect
import sys
import types
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from skrt_hub import policy
from skrt_hub.cli import build_verbs
from skrt_hub.command_line.parameters import CommonOption, own, signature
from skrt_hub.command_line.slips import usage
from skrt_hub.command_line.verbs import Verb
from skrt_hub.errors import INTERRUPTED, every_error
from skrt_hub.settings.model import Settings
from skrt_hub.settings.units import read_duration, read_size

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "reference"
MADE = "<!-- Made by scripts/make_reference.py. Change the code's own words and run it again. -->\n"

Row = tuple[str, ...]


def main() -> int:
    """Write the pages that differ; with --check only name them."""
    out_of_date = [name for name, text in pages().items() if _read(FOLDER / name) != text]
    if "--check" in sys.argv[1:]:
        sys.stdout.writelines(f"docs/reference/{name} is out of date\n" for name in out_of_date)
        return 1 if out_of_date else 0
    for name in out_of_date:
        (FOLDER / name).write_text(pages()[name], encoding="utf-8")
    return 0


def pages() -> dict[str, str]:
    """Every page by its file name."""
    return {
        "commands.md": commands_page(),
        "hub-yaml.md": hub_yaml_page(),
        "exit-codes.md": exit_codes_page(),
        "promises.md": promises_page(),
    }


# The commands


def verbs() -> Iterator[tuple[str, Verb]]:
    """Every command with its whole name."""
    table = build_verbs()
    context = click.Context(table)
    for name in table.list_commands(context):
        verb = table.get_command(context, name)
        assert verb is not None
        yield name, verb


def commands_page() -> str:
    """docs/reference/commands.md."""
    all_verbs = list(verbs())
    rows = [(f"[`{name}`](#{_anchor(name)})", _words(verb.help)) for name, verb in all_verbs]
    parts = (_COMMANDS_HEAD, _table(("Command", "Does"), rows), _common(all_verbs[0][1]))
    return "\n".join((MADE, *parts, *(_command(*item) for item in all_verbs)))


def _command(name: str, verb: Verb) -> str:
    parts = [f"## {name}\n", f"```\n{usage(f'skrt-hub {name}', verb.params)}\n```\n", f"{_words(verb.help)}\n"]
    rows = [(_signature(item), _words(item.help)) for item in own(verb.params)]
    if rows:
        parts.append(_table(("Option", "Meaning"), rows))
    return "\n".join(parts)


def _common(verb: Verb) -> str:
    rows = [(_signature(item), _words(item.help)) for item in verb.params if isinstance(item, CommonOption)]
    return "\n".join(("## Options of every command\n", _table(("Option", "Meaning"), rows), _COMMANDS_COMMON))


def _signature(parameter: click.Parameter) -> str:
    return ", ".join(f"`{word}`" for word in signature(parameter).split("|"))


_COMMANDS_HEAD = """\
# Commands

`skrt-hub COMMAND --help` shows the same. After `make up` the command is `.venv/bin/skrt-hub`.
"""

_COMMANDS_COMMON = """\
These may stand before or after the command. Without `--config`, `hub.yaml` in the working folder is used.
Without `--state`, the hub's folder is `~/.local/share/skrt-hub/NAME`, where NAME is the hub's name. Each
command's [exit code](exit-codes.md) says what happened.

With `--json` a command prints one JSON document, errors too: `error`, `why`, `remedy` and `exit_code`. `status --json`
has at least `state` (`running`, `closed`, `stopped` or `absent`), `target`, `url`, `login` and `servers` (each with
`name`, `state` and `memory` in bytes).

The variable `SKRT_HUB_ENVIRONMENTS` names a folder for participants' environments that several hubs share. Packages
come from where uv is told to take them (`UV_DEFAULT_INDEX`, `UV_OFFLINE` and the others of its documentation).
"""


# hub.yaml


def sections(model: type[BaseModel], path: str = "") -> Iterator[tuple[str, type[BaseModel]]]:
    """Every section of hub.yaml with its name: ``, `login`, `kubernetes.tls`."""
    yield path, model
    for name, field in model.model_fields.items():
        inner = _section(field.annotation)
        if inner is not None:
            yield from sections(inner, f"{path}.{name}" if path else name)


def hub_yaml_page() -> str:
    """docs/reference/hub-yaml.md."""
    parts = [MADE, _HUB_YAML_HEAD]
    for path, model in sections(Settings):
        parts.append(f"## {path or 'The first level'}\n")
        if path:
            parts.append(f"{inspect.getdoc(model)}\n")
        rows = [_key(field.alias or name, field) for name, field in model.model_fields.items()]
        parts.append(_table(("Key", "Value", "Default", "Meaning"), rows))
    return "\n".join(parts)


def _key(name: str, field: FieldInfo) -> Row:
    return f"`{name}`", _value(field), _default(name, field), _words(field.description)


def _value(field: FieldInfo) -> str:
    annotation = field.annotation
    if _section(annotation) is not None:
        return "list of sections, below" if typing.get_origin(annotation) is tuple else "section, below"
    readers = {getattr(item, "func", None) for item in field.metadata}
    if read_size in readers:
        return "size, such as `2 GB`"
    if read_duration in readers:
        return "time, such as `90 min`"
    return _plain_type(annotation)


def _plain_type(annotation: Any) -> str:
    origin = typing.get_origin(annotation)
    if origin is typing.Literal:
        return " or ".join(f"`{choice}`" for choice in typing.get_args(annotation))
    if origin in (typing.Union, types.UnionType):
        return " or ".join(_plain_type(a) for a in typing.get_args(annotation) if a is not types.NoneType)
    if origin is tuple:
        return "list of texts"
    words = {str: "text", bool: "`true` or `false`", int: "whole number", float: "number", Path: "path"}
    return words.get(annotation, "keys and values")


def _default(name: str, field: FieldInfo) -> str:
    value = field.get_default(call_default_factory=True)
    if value is PydanticUndefined:
        return "must be given"
    if value is None or value in ("", (), {}) or isinstance(value, BaseModel):
        return "-"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    readers = {getattr(item, "func", None) for item in field.metadata}
    if read_size in readers and value:
        return f"`{value / 10**9:g} GB`"
    if read_duration in readers and value:
        return f"`{value // 60} min`"
    return f"`{value:g}`" if isinstance(value, float) else f"`{value}`"


def _section(annotation: Any) -> type[BaseModel] | None:
    for inner in (annotation, *typing.get_args(annotation)):
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            return inner
    return None


_HUB_YAML_HEAD = """\
# hub.yaml

One file describes a hub, on one machine and on Kubernetes alike. It is optional, and so is every line in it.
`skrt-hub init` writes one with all keys, commented out. A key that does not exist is refused, with its line and the
nearest key that does.

* A size is a number and a unit: `512 MB`, `2 GB`, `1.5 GiB`.
* A time is a number and a unit: `45 s`, `90 min`, `2 h`, `7 d`.
* A relative path is taken from the folder of the file.

An example:

```yaml
name: physics-2026
port: 8080
participants: [anna, björn, chen]
limits:
  memory: 3 GB
  idle: 2 h
material:
  - folder: exercises
data:
  - name: scans
    folder: /srv/scans
```

After a change, run `skrt-hub up` again. It applies what changed; running servers stay, and get the new limits at their
next start.
"""


# Exit codes


def exit_codes_page() -> str:
    """docs/reference/exit-codes.md."""
    rows: list[Row] = [("0", "It worked.")]
    rows += [(str(error.exit_code), _words(inspect.getdoc(error))) for error in every_error()[1:]]
    rows.insert(1, ("1", "A part of the work could not be done, as the report says; or a fault of skrt-hub."))
    rows += [(str(INTERRUPTED), "Interrupted by Ctrl-C."), ("141", "The reader of the output went away (`| head`).")]
    return "\n".join((MADE, _EXIT_CODES_HEAD, _table(("Code", "Meaning"), rows)))


_EXIT_CODES_HEAD = """\
# Exit codes

Each command ends with one of these. [Troubleshooting](../how-to/troubleshooting.md) says what to do about each.
"""


# Markdown


def _table(head: Row, rows: list[Row]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |\n" for line in lines)


def _words(text: str | None) -> str:
    return " ".join((text or "").split())


def _anchor(title: str) -> str:
    return title.lower().replace(" ", "-")


def _read(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.exists() else None


# What a hub promises


def promises_page() -> str:
    """docs/reference/promises.md, from the rules that both targets use."""
    nobody, class_list = Settings(), Settings(participants=("anna", "bob", "carla"))
    idle = [(f"`{text}`", f"{policy.idle.look_every(seconds)} s") for text, seconds in _IDLE.items()]
    cpu = [(f"`{cpu:g}`", str(policy.threads.threads(cpu))) for cpu in (0.5, 1, 1.5, 2, 4)]
    return "\n".join(
        (
            MADE,
            _PROMISES_HEAD,
            f"## Logging in\n\nWithout `participants` in hub.yaml: {policy.log_in.how_to_log_in(nobody)}\n",
            f"With three names there: {policy.log_in.how_to_log_in(class_list)}\n",
            "## Taking somebody out\n",
            _paragraphs(policy.removing) + "\n",
            "## Files that tell who a patient is\n",
            _paragraphs(policy.patient_data) + "\n",
            "## Threads\n",
            _paragraphs(policy.threads.threads) + "\n",
            _table(("`limits.cpu`", "Threads"), cpu),
            "## Workers for cohorts\n",
            _paragraphs(policy.cohort_shares).rpartition("\n\n")[0] + "\n",
            "## Servers that nobody uses\n",
            "A server tells when it was last used, and the hub looks, this often:\n",
            _table(("`limits.idle`", "Every"), idle),
        )
    )


_IDLE = {"0": 0, "10 min": 600, "1 h": 3600, "2 h": 7200}
_PROMISES_HEAD = "# What a hub promises\n\nThe same on one machine and on Kubernetes.\n"


def _paragraphs(thing: Any) -> str:
    """The words of a docstring, with its line ends taken out."""
    return "\n\n".join(" ".join(part.split()) for part in (inspect.getdoc(thing) or "").split("\n\n"))


if __name__ == "__main__":
    sys.exit(main())
