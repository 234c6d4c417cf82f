"""What is said about words that cannot be used: as every other error, with how the command is typed.

click would print its own words and end the program; only `skrt_hub.cli` may do either.
"""

from __future__ import annotations

from collections.abc import Sequence

import click

from skrt_hub.command_line.parameters import NoChoiceError, is_action, own, signature, value_of
from skrt_hub.errors import UsageError
from skrt_hub.likeness import meant


def usage(name: str, parameters: Sequence[click.Parameter]) -> str:
    """The command with its own options and names: `skrt-hub save [--to PLACE] [NAME ...]`."""
    mine = own(parameters)
    options = [item for item in mine if isinstance(item, click.Option)]
    words = [signature(item) if item.required else f"[{signature(item)}]" for item in options]
    for item in mine:
        if isinstance(item, click.Argument):
            shown = value_of(item)
            several = f"{shown} ..." if item.nargs == -1 else shown
            words.append(several if item.required else f"[{several}]")
    return " ".join((name, *words))


def missing(context: click.Context, wanting: Sequence[click.Parameter]) -> UsageError:
    """The error for everything that must be given and was not."""
    needed = " and ".join("an action" if is_action(item) else signature(item) for item in wanting)
    return UsageError(
        f"`{context.command_path}` needs {needed}.",
        why="\n".join(_explained(item) for item in wanting),
        remedy=how(context),
    )


def unknown(context: click.Context, word: str) -> UsageError:
    """The error for a word that the command does not take."""
    options = [option for item in _all(context) for option in item.opts if isinstance(item, click.Option)]
    return UsageError(
        f"`{context.command_path}` does not know {word!r}.", remedy=f"{meant(word, options)}{how(context)}"
    )


def unclear(context: click.Context, word: str, options: Sequence[str]) -> UsageError:
    """The error for an option that is cut so short that it may be one of several."""
    return UsageError(f"{word} may stand for {', '.join(options)}.", remedy=how(context))


def no_value(context: click.Context, option: click.Option) -> UsageError:
    """The error for an option after which nothing follows."""
    value = "value" if isinstance(option.type, click.Choice) else value_of(option)
    return UsageError(f"After {option.opts[-1]} the {value} is missing.", why=_explained(option), remedy=how(context))


def needless_value(context: click.Context, option: click.Option) -> UsageError:
    """The error for `--json=3`."""
    return UsageError(f"{option.opts[-1]} takes no value.", why=_explained(option), remedy=how(context))


def unfit(context: click.Context, problem: click.BadParameter) -> UsageError:
    """The error for a value of the wrong kind."""
    if isinstance(problem, NoChoiceError) and problem.param is not None:
        return _no_choice(context, problem.param, problem.given)
    name = signature(problem.param).split()[0] if problem.param else "A word"
    return UsageError(f"{name} cannot be used with that.", why=_sentence(problem.message), remedy=how(context))


def no_command(context: click.Context, given: str, verbs: Sequence[str]) -> UsageError:
    """The error for a command that there is none of."""
    return UsageError(
        f"There is no command {given!r}.",
        remedy=f"{meant(given, verbs, context.command_path)}See all with: {context.command_path} --help",
    )


def no_action(name: str, given: str | None, choices: Sequence[str]) -> UsageError:
    """The error for a command whose second word is none that it takes, or is not there."""
    return UsageError(
        f"`{name}` has no action {given!r}." if given else f"`{name}` needs an action.",
        why=f"Choose from: {', '.join(choices)}.",
        remedy=f"{meant(given or '', choices, name)}See all with: {name} --help",
    )


def how(context: click.Context) -> str:
    """The last lines of every such error."""
    path = context.command_path
    typed = f"{path} COMMAND" if isinstance(context.command, click.Group) else usage(path, _all(context))
    return f"Type it like this: {typed}\nRead more with: {path} --help"


def _no_choice(context: click.Context, parameter: click.Parameter, given: str) -> UsageError:
    path, choices = context.command_path, [*parameter.type.choices] if isinstance(parameter.type, click.Choice) else []
    if is_action(parameter):
        return no_action(path, given, choices)
    option = parameter.opts[-1]
    return UsageError(
        f"{option} does not take {given!r}.",
        why=f"Choose from: {', '.join(choices)}.",
        remedy=f"{meant(given, choices, option)}See all with: {path} --help",
    )


def _explained(parameter: click.Parameter) -> str:
    text = parameter.help or ""
    return f"{text}." if is_action(parameter) else f"{signature(parameter)}: {text}."


def _all(context: click.Context) -> list[click.Parameter]:
    return context.command.get_params(context)


def _sentence(words: str) -> str:
    return f"{words[0].upper()}{words[1:].rstrip('.')}." if words else ""
