"""The command line: a table of the verbs, and the only place that prints and ends the program once it is loaded."""

from __future__ import annotations

import importlib
import os
import sys
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType

from rich.text import Text

from skrt_hub.api import Hub
from skrt_hub.command_line.verbs import AskedFor, Call, Verbs
from skrt_hub.commands.session import Session
from skrt_hub.context import Context
from skrt_hub.errors import INTERRUPTED, INTERRUPTED_WORDS, SkrtHubError
from skrt_hub.layout import Layout, default_root
from skrt_hub.progress import Progress, Shown, Silent
from skrt_hub.report import Message, PassedOn, Report
from skrt_hub.settings.model import Settings
from skrt_hub.targets.registry import WITHIN, places
from skrt_hub.terminal import Terminal
from skrt_hub.version import FORMAT, __version__

VERBS = {
    "check": "check",
    "init": "init",
    "up": "up",
    "status": "status",
    "open": "open",
    "close": "close",
    "logs": "logs",
    "participants": "participants",
    "message": "message",
    "seats": "seats",
    "seats ready": "seats_ready",
    "verify": "verify",
    "audit": "audit",
    "bench": "bench",
    "rehearse": "rehearse",
    "stop": "stop",
    "start": "start",
    "service install": "service_install",
    "service remove": "service_remove",
    "service start": "service_start",
    "service stop": "service_stop",
    "packages": "packages",
    "material": "material",
    "hand-out": "hand_out",
    "collect": "collect",
    "datasets list": "datasets_list",
    "datasets fetch": "datasets_fetch",
    "datasets verify": "datasets_verify",
    "datasets remove": "datasets_remove",
    "data check": "data_check",
    "data privacy": "data_privacy",
    "data clean": "data_clean",
    "save": "save",
    "saves": "saves",
    "saves key": "saves_key",
    "restore": "restore",
    "delete": "delete",
    "render": "render",
    "image": "image",
    "bundle make": "bundle_make",
}
"""Each verb and the module in skrt_hub.commands that carries it out, in the order of the help page.

A verb of two words, such as `bundle make`, has options of its own and stands in a module of its own."""

_WITHOUT_HUB = frozenset(("init", "render", "image", "bundle make", "data check", "data privacy", "data clean"))
_BY_PLACE = frozenset(("status", "stop", "open", "close", "logs"))
"""What needs nothing of hub.yaml but where the hub is; `status` says itself that another file is meant."""
_NO_READER = 141  # 128 and SIGPIPE, as shells say it
_FAULT = "skrt-hub met a fault of its own."
_GOES_ON = "Nothing was left half done; the same command goes on where it was."


def main(words: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit code."""
    given = sys.argv[1:] if words is None else list(words)
    terminal, as_json = Terminal(), "--json" in given
    terminal.about["format"] = FORMAT
    try:
        report = _run(read(given or ["--help"]), terminal, given)
        show(report, terminal, as_json=as_json)
        return report.exit_code
    except SkrtHubError as error:
        _explain(error.what, error.why, error.remedy, error.exit_code, terminal, as_json=as_json)
        return error.exit_code
    except KeyboardInterrupt:
        _explain(INTERRUPTED_WORDS, _GOES_ON, "", INTERRUPTED, terminal, as_json=as_json)
        return INTERRUPTED
    except BrokenPipeError:  # the reader of our output went away, as `| head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _NO_READER
    except Exception:
        _explain(_FAULT, *_kept_details(), 1, terminal, as_json=as_json)
        return 1


def read(words: Sequence[str]) -> Call | AskedFor:
    """What was typed. Raises UsageError. A shell that asks what may come next is answered, and the program ends."""
    try:
        call: Call = build_verbs().main([*words], "skrt-hub", standalone_mode=False)
        return call
    except AskedFor as asked:
        return asked


def build_verbs() -> Verbs:
    """The whole command line, as the reference page documents it."""
    return Verbs(VERBS, _module, places(), f"skrt-hub {__version__}")


def _module(verb: str) -> ModuleType:
    return importlib.import_module(f"skrt_hub.commands.{VERBS[verb]}")


def _run(call: Call | AskedFor, terminal: Terminal, words: Sequence[str]) -> Report:
    if isinstance(call, AskedFor):
        return Message((call.text,))
    progress: Progress = Silent() if call.as_json else Shown(terminal.err)
    echo = (lambda line: terminal.err.print(line, style="dim", markup=False)) if call.verbose else None
    lines = terminal.err if call.as_json else terminal.out
    session = Session(
        _hub(call, progress, echo),
        call.as_json,
        terminal.ask,
        lambda line: lines.print(line, markup=False, highlight=False),
    )
    within = WITHIN.get(session.context.settings.target)
    if within is not None:
        return within(session.context, session.hub.config).carry_out(call.verb, call.values, words)
    if call.verb != "init":
        terminal.about["hub"] = session.facts(Path.cwd())
    if call.verb not in _WITHOUT_HUB:
        session.hub.ensure_its_file(place_only=call.verb in _BY_PLACE)
    if call.verb != "init" and not call.as_json:
        terminal.err.print(session.which_hub(Path.cwd()), style="dim", markup=False, highlight=False)
    report: Report = _module(call.verb).run(session, **call.values)
    return report


def _hub(call: Call, progress: Progress, echo: Callable[[str], None] | None) -> Hub:
    if call.verb == "init":  # about a file that shall come to be, whatever stands in the folder
        return Hub(Context(Settings(), Layout(default_root(Settings().name)), progress, echo), call.config)
    overrides = {"target": call.target} if call.target else {}
    return Hub.load(call.config, state=call.state, progress=progress, echo=echo, **overrides)


def show(report: Report, terminal: Terminal, *, as_json: bool) -> None:
    """Print a report, for a person or as JSON."""
    if isinstance(report, PassedOn):
        return
    if as_json:
        terminal.document(report.as_json())
        return
    body = report.render()
    if not isinstance(body, Text) or body.plain:
        terminal.out.print(body, highlight=False)


def _explain(what: str, why: str, remedy: str, code: int, terminal: Terminal, *, as_json: bool) -> None:
    if as_json:
        terminal.document({"error": what, "why": why, "remedy": remedy, "exit_code": code})
        return
    terminal.err.print(Text.assemble(("Error: ", "bold red"), what))
    for part in (why, remedy):
        if part:
            terminal.err.print(Text(part))


def _kept_details() -> tuple[str, str]:
    # A fault of ours: a person gets one line and a file to send, not a traceback on the screen.
    import tempfile  # noqa: PLC0415 - only on this path

    try:
        with tempfile.NamedTemporaryFile(
            "w", encoding="utf-8", errors="backslashreplace", prefix="skrt-hub-error-", suffix=".txt", delete=False
        ) as stream:
            traceback.print_exc(file=stream)
    except OSError:  # the disk is full, which may be the cause
        return traceback.format_exc(limit=-1).strip().splitlines()[-1], ""
    return "", f"The details are in {stream.name}; please send them with a report."


if __name__ == "__main__":
    sys.exit(main())
