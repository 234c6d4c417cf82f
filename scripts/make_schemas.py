"""Writes the JSON schemas that are made from the code: what commands print with --json, and what hub.yaml may say.

python scripts/make_schemas.py    writes docs/reference/json.md, json-output.schema.json and hub.schema.json
"""

from __future__ import annotations

import importlib
import inspect
import json
import sys
import types
import typing
from collections import Counter
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from skrt_hub.cli import VERBS
from skrt_hub.report import Report
from skrt_hub.settings.schema import schema_text
from skrt_hub.version import FORMAT

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "reference"
DIALECT = "https://json-schema.org/draft/2020-12/schema"
OUTPUT = "json-output.schema.json"

HUB = {
    "type": "object",
    "description": "The hub that was meant.",
    "properties": {
        "name": {"type": "string"},
        "config": {"type": ["string", "null"], "description": "The hub.yaml that was read; null for the defaults."},
        "folder": {"type": "string", "description": "Its state folder."},
    },
    "required": ["name", "config", "folder"],
}
COMMON = {"format": {"const": FORMAT}, "hub": {"$ref": "#/$defs/hub"}}
ERROR = {
    "type": "object",
    "description": "What every command prints that ends with an error.",
    "properties": {
        **COMMON,
        "error": {"type": "string", "description": "What failed."},
        "why": {"type": "string"},
        "remedy": {"type": "string", "description": "What to type next."},
        "exit_code": {"type": "integer", "minimum": 1},
    },
    "required": ["format", "error", "why", "remedy", "exit_code"],
}


def main() -> int:
    """Write the files that differ."""
    for name, text in pages().items():
        if not (FOLDER / name).exists() or (FOLDER / name).read_text(encoding="utf-8") != text:
            (FOLDER / name).write_text(text, encoding="utf-8")
    return 0


def pages() -> dict[str, str]:
    """Every file by its name."""
    output = json.dumps(output_schema(), indent=2, ensure_ascii=False) + "\n"
    return {OUTPUT: output, "hub.schema.json": schema_text(), "json.md": page()}


def reports(verb: str) -> list[type[Report]]:
    """The reports that a command may return, as its `run` says."""
    returned = typing.get_type_hints(importlib.import_module(f"skrt_hub.commands.{VERBS[verb]}").run)["return"]
    kinds = typing.get_args(returned) if isinstance(returned, types.UnionType) else (returned,)
    return list(kinds)


def report_schema(kind: type[Report], where: str) -> dict[str, Any]:
    """One report as it is printed: its fields, all of them, and its verdict where it gives one."""
    schema = TypeAdapter(kind).json_schema(mode="serialization", ref_template=f"#/$defs/{where}/$defs/{{model}}")
    inner = schema.get("$defs", {}).pop(kind.__name__, None)  # where a report holds itself
    schema = {**(inner or {}), **schema}
    verdict = {"ok": {"type": "boolean", "description": "The verdict."}} if hasattr(kind, "ok") else {}
    schema["properties"] = {**COMMON, **verdict, **schema.get("properties", {})}
    schema["required"] = [name for name in schema["properties"] if name != "hub"]
    schema["description"] = " ".join((inspect.getdoc(kind) or "").split())
    return schema


def output_schema() -> dict[str, Any]:
    """One schema for everything: `#/$defs/status` is what `status` prints."""
    kinds = {kind for verb in VERBS for kind in reports(verb)}
    twice = sorted(name for name, count in Counter(map(_name, kinds)).items() if count > 1)
    if twice:
        raise ValueError(f"two reports have one name: {', '.join(twice)}")
    named = {_name(kind): report_schema(kind, _name(kind)) for kind in sorted(kinds, key=_name)}
    verbs = {
        verb: {"anyOf": [{"$ref": f"#/$defs/{_name(kind)}"} for kind in reports(verb)] + [{"$ref": "#/$defs/error"}]}
        for verb in VERBS
    }
    return {
        "$schema": DIALECT,
        "title": "What skrt-hub prints with --json",
        "description": f"Version {FORMAT} (`format` in every document). New fields may come without a new number.",
        "anyOf": [{"$ref": f"#/$defs/{_slug(verb)}"} for verb in VERBS],
        "$defs": {"hub": HUB, "error": ERROR, **{_slug(verb): schema for verb, schema in verbs.items()}, **named},
    }


def page() -> str:
    """docs/reference/json.md."""
    defs = output_schema()["$defs"]
    lines = [_HEAD]
    for verb in VERBS:
        lines.append(f"## {verb}\n")
        for kind in reports(verb):
            schema = defs[_name(kind)]
            fields = ", ".join(f"`{field}`" for field in schema["properties"] if field not in COMMON)
            lines.append(f"{schema['description']} Fields: {fields}.\n")
    return "\n".join(lines)


def _name(kind: type[Report]) -> str:
    """A report's name in the schema; two reports of one name are told apart by their room."""
    room = kind.__module__.split(".")[1]
    return f"{kind.__name__}-{room}" if kind.__name__ == "StatusReport" and room != "report" else kind.__name__


def _slug(verb: str) -> str:
    return verb.replace(" ", "-")


_HEAD = """\
<!-- Made by scripts/make_schemas.py. Change the code's own words and run it again. -->

# Output for programs

With `--json` every command prints one JSON document on standard output, whatever happens: also for a wrong option, an
unexpected fault and Ctrl-C. Progress and questions never stand in it. [The schema](json-output.schema.json) describes
each command's document; `#/$defs/status`, for example, is what `status` prints.

Every document has `format`, the version of these forms, and, but for `init` and words that cannot be used, `hub`: the
name of the hub that was meant, the `hub.yaml` that was read (`config`, null for the defaults) and its state folder
(`folder`). A field that goes, is renamed or gets another type raises `format`; new fields may come at any time.

An error is `error`, `why`, `remedy` and `exit_code` (see [Exit codes](exit-codes.md)). A document without `error` is
the command's report. `logs --follow --json` ends when it is interrupted, and then prints nothing but the error.

Programs in Python can call the same verbs without a command line:

```python
from skrt_hub import Hub

print(Hub.load("hub.yaml").status().state)
```

`hub.yaml` has [a schema](hub.schema.json), too; `skrt-hub init` puts it beside the file, where editors find it.
"""

if __name__ == "__main__":
    sys.exit(main())
