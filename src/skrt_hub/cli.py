"""The command line: a table of the verbs, and the only place that prints and ends the program."""

from __future__ import annotations

import argparse
import importlib
import json
import os
import signal
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from rich.console import Console
from rich.text import Text

from skrt_hub import __version__
from skrt_hub.command_line import COMMON, IntermixedParser, Parser
from skrt_hub.commands.session import Session
from skrt_hub.context import Context
from skrt_hub.errors import INTERRUPTED, SkrtHubError, UsageError
from skrt_hub.layout import Layout, default_root
from skrt_hub.progress import Progress, Shown, Silent
from skrt_hub.report import Report
from skrt_hub.settings.load import load_settings
from skrt_hub.targets import TARGETS

VERBS = {
    "check": "check",
    "init": "init",
    "up": "up",
    "status": "status",
    "open": "open",
    "close": "close",
    "logs": "logs",
    "participants": "participants",
    "verify": "verify",
    "bench": "bench",
    "rehearse": "rehearse",
    "stop": "stop",
    "start": "start",
    "material": "material",
    "hand-out": "hand_out",
    "collect": "collect",
    "save": "save",
    "saves": "saves",
    "restore": "restore",
    "delete": "delete",
    "render": "render",
    "image": "image",
}
"""Each verb and the module in skrt_hub.commands that carries it out, in the order of the help page."""


def main(words: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit code."""
    given = sys.argv[1:] if words is None else list(words)
    console = Console(stderr=True, soft_wrap=True)
    try:
        arguments = build_parser(_verb_in(given)).parse_args(given or ["--help"])
    except UsageError as slip:
        _explain(slip, console, as_json="--json" in given)
        return slip.exit_code
    try:
        report = _run(arguments, console)
        _print(report, as_json=arguments.json)
        return report.exit_code
    except SkrtHubError as error:
        _explain(error, console, as_json=arguments.json)
        return error.exit_code
    except KeyboardInterrupt:
        console.print("Interrupted. Nothing was left half done; the same command goes on where it was.")
        return INTERRUPTED
    except BrokenPipeError:  # the reader of our output went away, as `| head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 128 + signal.SIGPIPE
    except Exception:
        return _unexpected(console)


def build_parser(only: str | None = None) -> argparse.ArgumentParser:
    """The whole command line, as the reference page documents it.

    `only` names the verb that is about to be carried out: the others' modules, and all that they import, are left out.
    """
    parser = Parser(
        prog="skrt-hub",
        description="A JupyterHub for a group of people who work with scikit-rt.",
        epilog="Start with `skrt-hub up`. The guide is in the docs folder of the project.",
    )
    parser.add_argument("--version", action="version", version=f"skrt-hub {__version__}")
    _add_common(parser, default=None)
    verbs = parser.add_subparsers(
        title="commands", dest="verb", metavar="COMMAND", required=True, parser_class=IntermixedParser
    )
    for verb in VERBS if only is None else (only,):
        module = _module(verb)
        sub = verbs.add_parser(verb, help=module.HELP, description=module.HELP)
        _add_common(sub, default=argparse.SUPPRESS)
        module.add_arguments(sub)
    return parser


def _verb_in(words: Sequence[str]) -> str | None:
    """The verb, where it is the first word: then nothing but it can be meant. Else None."""
    return words[0] if words and words[0] in VERBS else None


def _add_common(parser: argparse.ArgumentParser, *, default: Any) -> None:
    # Accepted before and after the verb; after it they must not reset what was given before it.
    flag = False if default is None else default
    group = parser.add_argument_group(COMMON)
    group.add_argument("--config", type=Path, metavar="FILE", default=default, help="the hub.yaml to use")
    group.add_argument("--state", type=Path, metavar="DIR", default=default, help="the hub's state folder")
    group.add_argument("--target", choices=list(TARGETS), default=default, help="in place of hub.yaml's target")
    group.add_argument("--json", action="store_true", default=flag, help="print JSON")
    group.add_argument("--verbose", action="store_true", default=flag, help="show what is run, and details of errors")


def _module(verb: str) -> ModuleType:
    return importlib.import_module(f"skrt_hub.commands.{VERBS[verb]}")


def _run(arguments: argparse.Namespace, console: Console) -> Report:
    config = arguments.config
    if config is None and arguments.verb != "init" and Path("hub.yaml").exists():
        config = Path("hub.yaml")
    overrides = {"target": arguments.target} if arguments.target else {}
    settings = load_settings(None if arguments.verb == "init" else config, **overrides)
    root = arguments.state.expanduser().absolute() if arguments.state else default_root(settings.name)
    progress: Progress = Silent() if arguments.json else Shown(console)
    echo = (lambda line: console.print(line, style="dim", markup=False)) if arguments.verbose else None
    context = Context(settings, Layout(root), progress, echo)
    session = Session(
        context, arguments, config, _ask, _show_on(console if arguments.json else Console(soft_wrap=True))
    )
    report: Report = _module(arguments.verb).run(session)
    return report


def _ask(question: str) -> str | None:
    if not sys.stdin.isatty():
        return None
    try:
        return input(question).strip()
    except EOFError:
        return None


def _show_on(console: Console) -> Any:
    return lambda line: console.print(line, markup=False, highlight=False)


def _print(report: Report, *, as_json: bool) -> None:
    if as_json:
        sys.stdout.write(json.dumps(report.as_json(), indent=2) + "\n")
        sys.stdout.flush()
        return
    body = report.render()
    if not isinstance(body, Text) or body.plain:
        Console(soft_wrap=True).print(body, highlight=False)


def _explain(error: SkrtHubError, console: Console, *, as_json: bool) -> None:
    if as_json:
        document = {"error": error.what, "why": error.why, "remedy": error.remedy, "exit_code": error.exit_code}
        sys.stdout.write(json.dumps(document, indent=2) + "\n")
        return
    console.print(Text.assemble(("Error: ", "bold red"), error.what))
    for part in (error.why, error.remedy):
        if part:
            console.print(Text(part))


def _unexpected(console: Console) -> int:
    # A fault of ours: a person gets one line and a file to send, not a traceback on the screen.
    import tempfile  # noqa: PLC0415 - only on this path

    console.print(Text.assemble(("Error: ", "bold red"), "skrt-hub met a fault of its own."))
    try:
        with tempfile.NamedTemporaryFile("w", prefix="skrt-hub-error-", suffix=".txt", delete=False) as stream:
            traceback.print_exc(file=stream)
        console.print(Text(f"The details are in {stream.name}; please send them with a report."))
    except OSError:  # the disk is full, which may be the cause
        console.print(Text(traceback.format_exc(limit=-1).strip().splitlines()[0]))
    return 1


if __name__ == "__main__":
    sys.exit(main())
