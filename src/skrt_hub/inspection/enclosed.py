"""A program of the participants' environment that opens files which nobody vouches for, in a sandbox of its own.

    <state>/inspections/<random>/home     its home: the task in, results out; for it alone
    <state>/inspections/<random>/given    copies of what it could not read itself
    <state>/inspections/<random>/output   what it prints

The sandbox is that of participants' servers: a user of its own where the hub runs as root, no network, nothing of this
machine but the system, the environment and what was named, read-only. Nothing that it leaves is trusted.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import signal
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from skrt_hub.context import Context
from skrt_hub.errors import BusyError, PrerequisiteError, ProgramError, UsageError
from skrt_hub.files import ensure_folder, exclusive, read_json, told, waiting_lock, write_json
from skrt_hub.hub import kinds, sandbox_program
from skrt_hub.inspection.shown import Shown, show
from skrt_hub.layout import Layout
from skrt_hub.process import run
from skrt_workspace.home.walk import remove_tree
from skrt_workspace.sandbox import walls
from skrt_workspace.sandbox.document import (
    HOME_INSIDE,
    LANDLOCK,
    NAMESPACES,
    NONE,
    Limits,
    Network,
    SandboxDocument,
    User,
)
from skrt_workspace.sandbox.errors import DocumentError
from skrt_workspace.sandbox.identity import ProcessIdentity, send_signal, wait_ended

RESULTS = "results"
"""The folder in its home where the program leaves what it made."""
_FIRST_PROCESS = "process.json"
_DEADLINE = 24 * 3600.0
_START_DEADLINE = 60.0
_PAUSE = 0.5
_PROCESSES = 512
_MEMORY = 16 << 30
_OUTPUT = 64 << 20
_LEFT_FREE = 1 << 30
# Ids that Linux distributions leave free, past those of participants (skrt_hub.hub.names).
_FIRST_ID, _IDS = 2_080_000_000, 60_000_000


@dataclass(frozen=True)
class Ended:
    """What a program left. Nothing in it can be trusted."""

    output: str
    results: Path
    outside: Mapping[str, str]
    enclosure: str

    def told(self, text: str) -> str:
        """Words of the program's, with the paths that the person knows."""
        for inside, outside in sorted(self.outside.items(), key=lambda pair: -len(pair[0])):
            text = text.replace(inside, outside)
        return text


@contextmanager
def enclosed(
    context: Context, environment: Path, words: Sequence[str], task: Mapping[str, Any], named: Sequence[Path]
) -> Iterator[Ended]:
    """Run `python words...` to its end in a sandbox that shows `named`; what it left is there within the block.

    The task comes as the last argument, the path of a JSON file; in it the paths of `named` are as the program finds
    them. Raises PrerequisiteError where no sandbox can be had, ProgramError where the program took too much.
    """
    kind = _kind(context)
    user = User(*[_FIRST_ID + secrets.randbelow(_IDS)] * 2) if os.geteuid() == 0 else None
    with _scratch(context.layout) as scratch:
        shown = show(named, scratch / "given", user, environment, isolated=kind == NAMESPACES)
        home = HOME_INSIDE if kind == NAMESPACES else str(scratch / "home")
        _lay_out(scratch, {**_with_paths(task, shown.inside), "results": f"{home}/{RESULTS}"}, user)
        command = (str(environment / "bin" / "python"), *words, f"{home}/task.json")
        identity = _start(environment, _document(scratch, command, kind, user, shown))
        try:
            write_json(scratch / _FIRST_PROCESS, identity.as_dict(), mode=0o600)
            _watch(identity, scratch)
        finally:
            _end(environment, identity, kind, user)
        output = _read_output(scratch / "output")
        outside = {inside: path for path, inside in shown.inside.items()}
        yield Ended(output, scratch / "home" / RESULTS, outside, kind)


def _kind(context: Context) -> str:
    if context.settings.sandbox == NONE:
        return NONE
    found = kinds.tried(context.settings.sandbox)
    if not found.works:
        raise PrerequisiteError(
            "These files cannot be looked at safely here: no sandbox can be made.",
            why=found.reason,
            remedy=f"{found.remedy} Or, only for files that you trust, write `sandbox: none` in hub.yaml.",
        )
    return found.kind


@contextmanager
def _scratch(layout: Layout) -> Iterator[Path]:
    """A folder for once. What a killed command left is removed first: no copy of anybody's data stays."""
    ensure_folder(layout.root, mode=_passable())
    ensure_folder(layout.inspections, mode=_passable())
    with ExitStack() as stack:
        with waiting_lock(layout.inspections / "lock"):
            for left in (path for path in layout.inspections.iterdir() if path.is_dir()):
                with suppress(BusyError), exclusive(left / "busy", what="", remedy=""):
                    _sweep(left)
            scratch = layout.inspections / secrets.token_hex(8)
            ensure_folder(scratch, mode=_passable())
            stack.callback(remove_tree, scratch)  # however deep it is
            stack.enter_context(exclusive(scratch / "busy", what="", remedy=""))
        yield scratch


def _sweep(left: Path) -> None:
    """End what a killed command left running, and remove its folder."""
    process = read_json(left / _FIRST_PROCESS)
    if isinstance(process, dict):
        identity = ProcessIdentity(**process)
        send_signal(identity, signal.SIGKILL)
        wait_ended(identity, 10.0)
    remove_tree(left)


def _passable() -> int:
    """A hub that runs as root lets its users pass to what is theirs."""
    return 0o711 if os.geteuid() == 0 else 0o700


def _with_paths(task: Any, inside: Mapping[str, str]) -> Any:
    if isinstance(task, Mapping):
        return {key: _with_paths(value, inside) for key, value in task.items()}
    if isinstance(task, list):
        return [_with_paths(value, inside) for value in task]
    return inside.get(task, task) if isinstance(task, str) else task


def _lay_out(scratch: Path, task: Mapping[str, Any], user: User | None) -> None:
    home = scratch / "home"
    with told(home):
        (home / RESULTS).mkdir(parents=True)
        (home / "task.json").touch(mode=0o600)
        (home / "task.json").write_text(json.dumps(task), encoding="utf-8")
        for path in (home, home / RESULTS, home / "task.json"):
            path.chmod(0o700 if path.is_dir() else 0o600)
            if user is not None:
                os.chown(path, user.uid, user.gid)


def _document(scratch: Path, command: tuple[str, ...], kind: str, user: User | None, shown: Shown) -> SandboxDocument:
    try:
        return _sandbox(scratch, command, kind, user, shown)
    except DocumentError as error:
        raise UsageError(
            "What is to be looked at cannot be shown in a sandbox.",
            why=str(error),
            remedy="Name the folders in it one by one, or put the files elsewhere.",
        ) from None


def _sandbox(scratch: Path, command: tuple[str, ...], kind: str, user: User | None, shown: Shown) -> SandboxDocument:
    return SandboxDocument(
        home=str(scratch / "home"),
        command=command,
        environment={"PATH": os.defpath, "LANG": "C.UTF-8"},
        log_file=str(scratch / "output"),
        isolated=kind == NAMESPACES,
        confined=kind == LANDLOCK,
        user=user,
        hostname="looking",
        read_only=() if kind == NONE else shown.binds,
        limits=Limits(processes=_PROCESSES, open_files=1024, niceness=5),
        network=Network(own=kind == NAMESPACES),
    )


def _start(environment: Path, document: SandboxDocument) -> ProcessIdentity:
    words, given = sandbox_program.making(environment), sandbox_program.ENVIRONMENT
    done = run(words, deadline=_START_DEADLINE, check=False, stdin=document.to_json(), environment=given)
    what = "The sandbox for looking at these files could not be made."
    return sandbox_program.first_process(done.out, done.err, done.code, PrerequisiteError, what)


def _watch(identity: ProcessIdentity, scratch: Path) -> None:
    """Wait for its end. Raises ProgramError where it takes more than it may of time, memory or disk."""
    end = time.monotonic() + _DEADLINE
    allowed = min(_MEMORY, psutil.virtual_memory().total * 3 // 4)
    full = min(_LEFT_FREE, shutil.disk_usage(scratch).free * 9 // 10)
    while not wait_ended(identity, _PAUSE):
        too_much = ""
        if time.monotonic() > end:
            too_much = f"more than {_DEADLINE / 3600:.0f} hours"
        elif _memory(identity.pid) > allowed:
            too_much = f"more than {allowed >> 30} GB of memory"
        elif (scratch / "output").stat().st_size > _OUTPUT:
            too_much = f"more than {_OUTPUT >> 20} MB for what it says"
        elif shutil.disk_usage(scratch).free < full:
            too_much = "the rest of the disk"
        if too_much:
            raise ProgramError(
                f"The program that looks at the files took {too_much}, and was ended.",
                why="A file is very large, or made to harm who reads it.",
                remedy="Try parts of the folder.",
            )


def _memory(pid: int) -> int:
    with suppress(psutil.Error):
        first = psutil.Process(pid)
        return sum(_resident(one) for one in (first, *first.children(recursive=True)))
    return 0


def _resident(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.Error:
        return 0


def _end(environment: Path, identity: ProcessIdentity, kind: str, user: User | None) -> None:
    """End it and all that it started; at its own end nothing is left to do."""
    send_signal(identity, signal.SIGKILL if kind == NAMESPACES else signal.SIGTERM)
    if not wait_ended(identity, 10.0):
        send_signal(identity, signal.SIGKILL)
        wait_ended(identity, 10.0)
    if kind != NAMESPACES and user is not None:
        words, given = sandbox_program.ending(environment, user.uid), sandbox_program.ENVIRONMENT
        run(words, deadline=_START_DEADLINE, check=False, environment=given)
        with suppress(OSError):  # it made none
            remove_tree(walls.own_place(user))


def _read_output(file: Path) -> str:
    with suppress(FileNotFoundError), file.open("rb") as stream:
        return stream.read(_OUTPUT).decode("utf-8", errors="replace")
    return ""
