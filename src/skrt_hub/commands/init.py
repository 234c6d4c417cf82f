"""`skrt-hub init`: Write a commented hub.yaml; an existing one is never overwritten."""

from __future__ import annotations

import os
from pathlib import Path

import click

from skrt_hub.commands.session import Session
from skrt_hub.errors import PermissionsError, RefusedError
from skrt_hub.files import write_atomically
from skrt_hub.report import Message
from skrt_hub.settings.schema import NAME, schema_text
from skrt_hub.settings.template import commented_hub_yaml

HELP = "Write a commented hub.yaml; an existing one is never overwritten."
PARAMETERS: tuple[click.Parameter, ...] = (
    click.Option(["--print", "only_print"], is_flag=True, help="show the file, write nothing"),
    click.Option(["--schema"], is_flag=True, help="write only hub.schema.json: it tells editors what hub.yaml may say"),
)


def run(session: Session, *, only_print: bool, schema: bool) -> Message:
    """The file is made in one step that fails where it exists, so that two calls cannot overwrite each other."""
    path = session.hub.config or Path("hub.yaml")
    if only_print:
        return Message(tuple((schema_text() if schema else commented_hub_yaml()).splitlines()))
    if schema:
        return Message((f"{_write_schema(path)} was written: editors read in it what hub.yaml may say.",))
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
    except FileExistsError:
        raise RefusedError(
            f"{path} exists already.",
            why="init never overwrites a file.",
            remedy="Edit it, or see all keys with: skrt-hub init --print",
        ) from None
    except OSError as error:
        raise PermissionsError(
            f"{path} cannot be written.",
            why=f"{error.strerror}.",
            remedy="Go to a folder of your own, or use --config.",
        ) from None
    with os.fdopen(handle, "w", encoding="utf-8") as stream:
        stream.write(commented_hub_yaml())
    beside = _write_schema(path)
    return Message(
        (
            f"{path} was written. Every line in it is optional. Next: skrt-hub up",
            f"Editors that know {beside.name}, which lies beside it, explain each key while you type.",
        )
    )


def _write_schema(path: Path) -> Path:
    """Write the schema beside hub.yaml, over an older one: it is made, and nobody's work."""
    file = path.with_name(NAME)
    write_atomically(file, schema_text(), mode=0o644)
    return file
