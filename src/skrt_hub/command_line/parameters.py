"""What a command can be given: our kinds of values, and how each is typed.

A command's file lists click's own `Option` and `Argument`; these are the kinds that they take.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click


class WholeNumber(click.ParamType[int]):
    """A whole number, from `least` to `most` where they are given."""

    name = "number"

    def __init__(self, least: int | None = None, most: int | None = None) -> None:
        self._least, self._most = least, most

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        try:
            number = int(value)
        except ValueError:
            number = None
        least, most = self._least, self._most
        if least is not None and most is not None and (number is None or not least <= number <= most):
            self.fail(f"give a whole number from {least} to {most}", param, ctx)
        if number is None:
            self.fail(f"{value!r} is no whole number", param, ctx)
        return number


class PathKind(click.ParamType[Path]):
    """A file or a folder; whether it is there, the command itself finds out."""

    name = "path"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        if not str(value).strip():  # Python takes it for the folder one stands in
            self.fail("the path is empty", param, ctx)
        return Path(value)


PATH = PathKind()


class NoChoiceError(click.BadParameter):
    """A word that is none of those to choose from."""

    def __init__(self, given: str, ctx: click.Context | None, param: click.Parameter | None) -> None:
        super().__init__(given, ctx, param)
        self.given = given


class OneOf(click.Choice[str]):
    """One of some words."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if value not in self.choices:
            raise NoChoiceError(str(value), ctx, param)
        return str(value)


class CommonOption(click.Option):
    """An option that every command has. Before the command or after it, it means the same."""


def common_options(targets: Sequence[str]) -> list[click.Parameter]:
    """The options of every command."""
    return [
        CommonOption(["--config"], type=PATH, metavar="FILE", help="the hub.yaml to use"),
        CommonOption(["--state"], type=PATH, metavar="DIR", help="the hub's state folder"),
        CommonOption(["--target"], type=OneOf(targets), help="in place of hub.yaml's target"),
        CommonOption(["--json", "as_json"], is_flag=True, help="print JSON"),
        CommonOption(["--verbose"], is_flag=True, help="show what is run, and details of errors"),
    ]


# How it is typed


def own(parameters: Sequence[click.Parameter]) -> list[click.Parameter]:
    """What only this command has: no option of every command, no question for help."""
    return [item for item in parameters if not isinstance(item, CommonOption) and item.expose_value]


def signature(parameter: click.Parameter) -> str:
    """An option or a name as it is typed: `--to FOLDER`."""
    if isinstance(parameter, click.Argument):
        return value_of(parameter)
    names = ", ".join(parameter.opts)
    return f"{names} {value_of(parameter)}" if takes_value(parameter) else names


def value_of(parameter: click.Parameter) -> str:
    """What stands for the value: its choices, or a word in capital letters."""
    if parameter.metavar is None and isinstance(parameter.type, click.Choice):
        return "|".join(parameter.type.choices)
    return parameter.metavar or (parameter.name or "").upper()


def takes_value(parameter: click.Parameter) -> bool:
    """Whether a value follows the option."""
    return isinstance(parameter, click.Option) and not parameter.is_flag


def is_action(parameter: click.Parameter) -> bool:
    """Whether this is the word after the command that says what it shall do: `list` in `saves list`."""
    return isinstance(parameter, click.Argument) and isinstance(parameter.type, click.Choice)
