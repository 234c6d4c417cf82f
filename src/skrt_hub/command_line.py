"""Parsers of the command line that say what is wrong as every other error does, and how a command is typed.

argparse would print its own words and end the program; only `skrt_hub.cli` may do either.
"""

from __future__ import annotations

import argparse
import difflib
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NoReturn

from skrt_hub.errors import UsageError

COMMON = "options of every command"
_ALIKE = 0.7
"""How much of two words must be the same for one to be taken for a slip of the other."""


class Parser(argparse.ArgumentParser):
    """Raises UsageError for words that cannot be used."""

    typed = ""
    """How the command is typed, where that was noted down before."""
    not_given: Sequence[argparse.Action] = ()
    """Options that must be given and are not, where argparse was not left to find that out."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.register("type", int, _whole_number)

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        _ensure_known(self, sys.argv[1:] if args is None else args)
        return super().parse_known_args(args, namespace)

    def error(self, message: str) -> NoReturn:
        if missing := re.fullmatch("the following arguments are required: (.+)", message):
            raise _missing(self, missing[1].split(", "))
        if unknown := re.fullmatch("unrecognized arguments: (.+)", message):
            raise _unknown(self, unknown[1].split()[0])
        if unfit := re.fullmatch("argument ([^:]+): (.+)", message):
            raise _unfit(self, unfit[1], unfit[2])
        if unclear := re.fullmatch("ambiguous option: (.+) could match (.+)", message):
            raise UsageError(f"{unclear[1]} may stand for {unclear[2]}.", remedy=_how(self))
        raise UsageError(f"`{self.prog}` cannot be used like this.", why=_sentence(message), remedy=_how(self))

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        if action.choices is not None and value not in action.choices:
            raise _no_choice(self, action, str(value))


class IntermixedParser(Parser):
    """A command's words: names may stand before and after its options."""

    _at_work = False

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        if self._at_work:
            return super().parse_known_args(args, namespace)
        self._at_work, self.typed = True, usage(self)  # argparse hides the names while it looks for options
        given = set(_options_in(self, sys.argv[1:] if args is None else args))
        self.not_given = [action for action in _needed_options(self) if action not in given]
        try:
            with _optional(self.not_given):  # argparse would tell of these alone, and of no name that is missing, too
                found, more = self.parse_known_intermixed_args(args, namespace)
        finally:
            self._at_work = False
        if more:  # told here, where it is known which command they were given to
            raise _unknown(self, more[0])
        if self.not_given:
            raise _missing(self, [])
        return found, more


# What is wrong


def _missing(parser: Parser, names: Sequence[str]) -> UsageError:
    # argparse calls names that may be left out missing, too, where others are.
    told = [action for action in parser._actions if _name(action) in names and action.nargs not in ("*", "?")]
    actions = [action for action in parser._actions if action in (*told, *parser.not_given)]
    return UsageError(
        f"`{parser.prog}` needs {' and '.join(map(_called, actions) if actions else names)}.",
        why="\n".join(_explained(action) for action in actions if action.help),
        remedy=_how(parser),
    )


def _unknown(parser: Parser, word: str) -> UsageError:
    options = [option for action in parser._actions for option in action.option_strings]
    return UsageError(f"`{parser.prog}` does not know {word!r}.", remedy=f"{meant(word, options)}{_how(parser)}")


def _unfit(parser: Parser, name: str, reason: str) -> UsageError:
    """The error for an option that was given nothing, or something else than it takes."""
    action = next((action for action in parser._actions if _name(action) == name), None)
    if action is None:
        return UsageError(f"{name} cannot be used like this.", why=_sentence(reason), remedy=_how(parser))
    if reason == "expected one argument":
        value = "value" if action.choices else argument(action)
        return UsageError(f"After {name} the {value} is missing.", why=_explained(action), remedy=_how(parser))
    if reason.startswith("ignored explicit argument"):
        return UsageError(f"{name} takes no value.", why=_explained(action), remedy=_how(parser))
    return UsageError(f"{name} cannot be used with that.", why=_sentence(reason), remedy=_how(parser))


def _no_choice(parser: Parser, action: argparse.Action, given: str) -> UsageError:
    before, what = parser.prog, f"`{parser.prog}` has no action {given!r}."
    if isinstance(action, argparse._SubParsersAction):
        what = f"There is no command {given!r}."
    elif action.option_strings:
        before, what = action.option_strings[-1], f"{action.option_strings[-1]} does not take {given!r}."
    choices = [str(choice) for choice in action.choices or ()]
    return UsageError(
        what,
        why="" if isinstance(action, argparse._SubParsersAction) else f"Choose from: {', '.join(choices)}.",
        remedy=f"{meant(given, choices, before)}See all with: {parser.prog} --help",
    )


def _explained(action: argparse.Action) -> str:
    return f"{action.help}." if _is_choice(action) else f"{signature(action)}: {action.help}."


def meant(given: str, choices: Sequence[str], before: str = "") -> str:
    """A question for the one of the choices that `given` is most like, and a space; nothing where none is like it."""
    # Two options are not alike because both begin with dashes, nor does a value count.
    plain = {choice.lstrip("-"): choice for choice in reversed(choices)}
    near = difflib.get_close_matches(given.partition("=")[0].lstrip("-"), plain, n=1, cutoff=_ALIKE)
    return f"Did you mean: {' '.join(filter(None, (before, plain[near[0]])))}? " if near else ""


def _how(parser: Parser) -> str:
    return f"Type it like this: {parser.typed or usage(parser)}\nRead more with: {parser.prog} --help"


def _whole_number(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number") from None


def _sentence(words: str) -> str:
    return f"{words[0].upper()}{words[1:].rstrip('.')}." if words else ""


# Which options were given


def _ensure_known(parser: Parser, words: Sequence[str]) -> None:
    """Raise UsageError for the first option that is none: argparse would take what follows it for something else."""
    has_commands = any(isinstance(action, argparse._SubParsersAction) for action in parser._actions)
    is_value = False
    for word in words:
        if word == "--" or (has_commands and not is_value and not _is_option(word)):
            return  # what comes now are names, or a command with words of its own
        found = _options_of(parser, word)
        if _is_option(word) and not found:
            raise _unknown(parser, word)
        is_value = "=" not in word and any(action.nargs != 0 for action in found)


def _options_in(parser: Parser, words: Sequence[str]) -> Iterator[argparse.Action]:
    for word in words:
        if word == "--":
            return
        yield from _options_of(parser, word)


def _options_of(parser: Parser, word: str) -> list[argparse.Action]:
    """The options that a word may stand for; several, where it is short for more than one."""
    name = word.partition("=")[0]
    if not _is_option(word):
        return []
    if not name.startswith("--"):
        name = name[:2]
    exact = [action for action in parser._actions if name in action.option_strings]
    return exact or [
        action for action in parser._actions if any(option.startswith(name) for option in action.option_strings)
    ]


def _is_option(word: str) -> bool:
    """Whether argparse takes this for an option: numbers below zero and words with spaces are values."""
    return re.match(r"-[^\d.\s]", word) is not None and " " not in word.partition("=")[0]


def _needed_options(parser: Parser) -> list[argparse.Action]:
    return [action for action in parser._actions if action.required and action.option_strings]


@contextmanager
def _optional(actions: Sequence[argparse.Action]) -> Iterator[None]:
    """Let argparse pass over what is missing."""
    for action in actions:
        action.required = False
    try:
        yield
    finally:
        for action in actions:
            action.required = True


# How a command is typed


def usage(parser: argparse.ArgumentParser) -> str:
    """The command with its own options and names: `skrt-hub save [--to PLACE] [NAME ...]`."""
    own = own_actions(parser)
    words = [
        signature(action) if action.required else f"[{signature(action)}]" for action in own if action.option_strings
    ]
    for action in own:
        if not action.option_strings:
            shown = argument(action)
            many = {"*": f"[{shown} ...]", "+": f"{shown} [{shown} ...]", "?": f"[{shown}]"}
            words.append(many.get(str(action.nargs), shown))
    inner = ["COMMAND" for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    return " ".join((parser.prog, *words, *inner))


def own_actions(parser: argparse.ArgumentParser) -> list[argparse.Action]:
    """What only this command has: no option of every command, no command of its own."""
    hidden = (argparse._HelpAction, argparse._VersionAction, argparse._SubParsersAction)
    return [action for action in parser._actions if not isinstance(action, hidden) and not is_common(parser, action)]


def is_common(parser: argparse.ArgumentParser, action: argparse.Action) -> bool:
    """Whether this is an option of every command."""
    groups = (group for group in parser._action_groups if group.title == COMMON)
    return any(action in group._group_actions for group in groups)


def signature(action: argparse.Action) -> str:
    """An option or a name as it is typed: `--to FOLDER`."""
    if not action.option_strings:
        return argument(action)
    if action.nargs == 0:
        return ", ".join(action.option_strings)
    return f"{', '.join(action.option_strings)} {argument(action)}"


def argument(action: argparse.Action) -> str:
    """What stands for the value: its choices, or a word in capital letters."""
    if action.metavar is None and action.choices:
        return "|".join(map(str, action.choices))
    return str(action.metavar or action.dest.upper())


def _called(action: argparse.Action) -> str:
    return "an action" if _is_choice(action) else signature(action)


def _is_choice(action: argparse.Action) -> bool:
    return not action.option_strings and action.metavar is None and action.choices is not None


def _name(action: argparse.Action) -> str:
    """The action's name in argparse's own messages."""
    return "/".join(action.option_strings) or str(action.metavar or action.dest)
