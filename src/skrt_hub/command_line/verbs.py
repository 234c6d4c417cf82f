"""The commands: click's, with every word accounted for before click reads it, and each fault told by `slips`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, NoReturn

import click

from skrt_hub.command_line import slips
from skrt_hub.command_line.parameters import CommonOption, common_options, own, signature, takes_value
from skrt_hub.command_line.slips import usage
from skrt_hub.errors import UsageError


@dataclass(frozen=True)
class Call:
    """A command as it was typed: its name, what it was given, and the options of every command."""

    verb: str
    values: dict[str, Any]
    config: Path | None = None
    state: Path | None = None
    target: str | None = None
    as_json: bool = False
    verbose: bool = False


class AskedFor(Exception):  # noqa: N818 - no error: a text was asked for in place of work
    """Somebody asked for the help page, or the version."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


class Verb(click.Command):
    """One command."""

    def __init__(self, name: str, module: ModuleType, targets: Sequence[str]) -> None:
        parameters = [*common_options(targets), *module.PARAMETERS, _asking("-h", "--help", text=_help_page)]
        super().__init__(name, params=parameters, help=module.HELP, callback=self._call, add_help_option=False)
        self.allow_extra_args = True

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if ctx.resilient_parsing:  # a shell asks what may come next
            return super().parse_args(ctx, args)
        words = _in_order(ctx, args)
        try:
            super().parse_args(ctx, list(words))
        except click.MissingParameter:
            seen = click.Context(self, info_name=self.name, resilient_parsing=True)
            super().parse_args(seen, list(words))
            wanting = [item for item in self.params if item.required and seen.params.get(item.name or "") is None]
            raise slips.missing(ctx, wanting) from None
        except click.BadParameter as problem:
            raise slips.unfit(ctx, problem) from None
        if ctx.args:
            raise slips.unknown(ctx, ctx.args[0])
        return ctx.args

    def _call(self, **values: Any) -> Call:
        """What was typed; an option of every command that stands before the command counts where it is not repeated."""
        context = click.get_current_context()
        common: dict[str, Any] = {}
        for option in self.params:
            if isinstance(option, CommonOption) and option.name:
                value = values.pop(option.name)
                before = context.parent.params.get(option.name) if context.parent else None
                common[option.name] = value or before if value in (None, False) else value
        return Call(str(self.name), values, **common)

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        _write_help(ctx, formatter, usage(ctx.command_path, self.params))


class Verbs(click.Group):
    """All commands. `table` has the module of each; it is imported when the command is meant.

    A name of two words, such as `bundle make`, is a command with options of its own beside others of that first word.
    """

    def __init__(
        self, table: Mapping[str, str], load: Callable[[str], ModuleType], targets: Sequence[str], version: str
    ) -> None:
        asking = [_asking("-h", "--help", text=_help_page), _asking("--version", text=lambda _: version)]
        super().__init__("skrt-hub", params=[*common_options(targets), *asking], add_help_option=False)
        self.help = "A JupyterHub for a group of people who work with scikit-rt."
        self.epilog = "Start with `skrt-hub up`. The guide is in the docs folder of the project."
        self._table, self._load, self._targets = table, load, targets

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self._table)

    def get_command(self, ctx: click.Context, cmd_name: str) -> Verb | None:
        return Verb(cmd_name, self._load(cmd_name), self._targets) if cmd_name in self._table else None

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if ctx.resilient_parsing:
            return super().parse_args(ctx, args)
        words = _in_order(ctx, args, only_before_names=True)
        try:
            rest = super().parse_args(ctx, list(words))
        except click.BadParameter as problem:
            raise slips.unfit(ctx, problem) from None
        if not words or words[-1] == "--":
            raise UsageError(f"`{ctx.command_path}` needs COMMAND.", remedy=slips.how(ctx))
        return rest

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command of two words where there is one, else that of one."""
        both = " ".join(args[:2])
        if both in self._table:
            return both, self.get_command(ctx, both), args[2:]
        inner = [name.split()[1] for name in self._table if name.startswith(f"{args[0]} ")]
        if args[0] not in self._table and inner:
            raise slips.no_action(f"{ctx.command_path} {args[0]}", args[1] if len(args) > 1 else None, inner)
        if args[0] not in self._table and not ctx.resilient_parsing:
            raise slips.no_command(ctx, args[0], self.list_commands(ctx))
        return super().resolve_command(ctx, args)

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        _write_help(ctx, formatter, f"{ctx.command_path} COMMAND")

    def commands_with_help(self, ctx: click.Context) -> list[tuple[str, str]]:
        """Each command and what it does."""
        return [(name, str(self._load(name).HELP)) for name in self._table]


def _asking(*names: str, text: Callable[[click.Context], str]) -> click.Option:
    def ask(ctx: click.Context, _: click.Parameter, given: bool) -> None:
        if given and not ctx.resilient_parsing:
            raise AskedFor(text(ctx))

    words = "show this page" if "--help" in names else "show the version"
    return click.Option([*names], is_flag=True, is_eager=True, expose_value=False, callback=ask, help=words)


def _help_page(ctx: click.Context) -> str:
    return ctx.get_help()


# The words


def _in_order(ctx: click.Context, words: Sequence[str], *, only_before_names: bool = False) -> list[str]:
    """The words with options first and written out in full, then `--` and the names.

    Options may be cut short where it is clear which one is meant. Numbers below zero and words with spaces are names.
    Raises UsageError for an option that is none, or has a value too much or too few.
    """
    options: list[str] = []
    names: list[str] = []
    rest = list(words)
    while rest:
        word = rest.pop(0)
        if word == "--" or (only_before_names and not _is_option(word)):
            names += rest if word == "--" else [word, *rest]
            break
        if not _is_option(word):
            names.append(word)
            continue
        option, (_, equals, value) = _option(ctx, word), word.partition("=")
        if takes_value(option):
            if not equals and (not rest or _is_option(rest[0])):
                raise slips.no_value(ctx, option)
            options += [option.opts[-1], value if equals else rest.pop(0)]
        elif equals:
            raise slips.needless_value(ctx, option)
        else:
            options.append(option.opts[-1])
    return [*options, "--", *names]


def _option(ctx: click.Context, word: str) -> click.Option:
    """The option that a word stands for. Raises UsageError where there is none, or several."""
    name = word.partition("=")[0]
    options = [item for item in ctx.command.get_params(ctx) if isinstance(item, click.Option)]
    found = [item for item in options if name in item.opts]
    if not found and name.startswith("--"):
        found = [item for item in options if any(text.startswith(name) for text in item.opts)]
    if not found:
        _refuse(ctx, word)
    if len(found) > 1:
        raise slips.unclear(ctx, name, [item.opts[-1] for item in found])
    return found[0]


def _refuse(ctx: click.Context, word: str) -> NoReturn:
    raise slips.unknown(ctx, word)


def _is_option(word: str) -> bool:
    """Whether this is an option: numbers below zero and words with spaces are names."""
    name = word.partition("=")[0]
    return len(name) > 1 and name[0] == "-" and not (name[1].isdigit() or name[1] in ". ") and " " not in name


# The help pages


def _write_help(ctx: click.Context, formatter: click.HelpFormatter, typed: str) -> None:
    command = ctx.command
    formatter.width = max(formatter.width, 100)
    formatter.write(f"{typed}\n\n")
    formatter.write_text(str(command.help))
    parameters = command.get_params(ctx)
    common = [item for item in parameters if isinstance(item, CommonOption) or not item.expose_value]
    parts = [("Options", _rows(own(parameters))), ("Options of every command", _rows(common))]
    if isinstance(command, Verbs):
        parts.insert(0, ("Commands", command.commands_with_help(ctx)))
    for title, rows in parts:
        if rows:
            with formatter.section(title):
                formatter.write_dl(rows)
    if command.epilog:
        formatter.write_paragraph()
        formatter.write_text(command.epilog)


def _rows(parameters: Sequence[click.Parameter]) -> list[tuple[str, str]]:
    return [(signature(item), item.help or "") for item in parameters]
