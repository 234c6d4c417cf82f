"""Asks this machine whether it allows sandboxes, by making one; tells in plain words why not and what to do."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass

from skrt_workspace.sandbox import privileges, processors, walls
from skrt_workspace.sandbox.document import LANDLOCK, NAMESPACES, SandboxDocument, User
from skrt_workspace.sandbox.enter import READY, start
from skrt_workspace.sandbox.errors import HostForbidsError, SandboxError

PAUSES = (1.0, 3.0)
"""Seconds before a sandbox is tried again that failed without being refused: a busy machine is no reason."""
_NOBODY = 2_147_483_001  # a user that nobody else is
_WITHOUT_NAMESPACES = (
    "namespaces are not allowed here: participants are kept apart by users of their own, Landlock and a filter of "
    "system calls; they see the names of each other's programs, and share this system's network and /dev/shm"
)


@dataclass(frozen=True)
class ProbeResult:
    """Whether sandboxes work here; if not, why and what to do. `notes` are protections that are missing here.

    kind: the strongest kind of sandbox that works, NAMESPACES or LANDLOCK. refused: this system's own answer was no;
    otherwise something failed on the way, such as a want of memory, and nothing is known of sandboxes here.
    """

    works: bool
    reason: str = ""
    remedy: str = ""
    notes: tuple[str, ...] = ()
    kind: str = NAMESPACES
    refused: bool = False

    def to_json(self) -> str:
        """The result as one line of JSON."""
        return json.dumps(asdict(self))


def probe(python: str = sys.executable, kind: str = NAMESPACES, *, pauses: tuple[float, ...] = PAUSES) -> ProbeResult:
    """Make a sandbox with this Python's environment, in a process of its own, and say how it went. Raises nothing.

    Where namespaces are refused, the other kind is tried, which needs a hub that runs as root. `kind`: LANDLOCK tries
    that one alone.
    """
    first = _ask_again(python, kind, pauses)
    # SECURITY: only a refusal leads to the weaker kind; a probe that failed on a busy machine says nothing.
    if first.works or kind == LANDLOCK or not first.refused:
        return first
    second = _ask_again(python, LANDLOCK, pauses)
    return second if second.works else first


def _ask_again(python: str, kind: str, pauses: tuple[float, ...]) -> ProbeResult:
    """Ask until the answer is certain, with a pause before each further time."""
    result = _ask(python, kind)
    for pause in pauses:
        if result.works or result.refused:
            break
        time.sleep(pause)
        result = _ask(python, kind)
    return result


def _ask(python: str, kind: str) -> ProbeResult:
    command = [python, "-I", "-m", "skrt_workspace.sandbox", "--probe", kind]
    try:
        done = subprocess.run(command, capture_output=True, timeout=60, check=False, env={"PATH": os.defpath})
        told = json.loads(done.stdout)
        notes = tuple(told["notes"])
        return ProbeResult(told["works"], told["reason"], told["remedy"], notes, kind, told["refused"])
    except (OSError, ValueError, KeyError, subprocess.SubprocessError) as error:
        return ProbeResult(
            False, f"the sandbox program of {python} cannot be started: {error}", "run skrt-hub up again"
        )


def probe_here(kind: str) -> ProbeResult:
    """The same in this process, which is of no other use afterwards."""
    user = User(_NOBODY, _NOBODY) if os.geteuid() == 0 else None
    confined = kind == LANDLOCK
    if confined and not walls.is_possible():
        reason = "a sandbox without namespaces needs a hub that runs as root"
        return ProbeResult(False, reason, "run skrt-hub as root", refused=True)
    with tempfile.TemporaryDirectory(prefix="skrt-hub-probe-") as home:
        if user is not None:
            os.chown(home, user.uid, user.gid)
        document = SandboxDocument(
            home=home, command=("/bin/true",), user=user, isolated=not confined, confined=confined
        )
        try:
            pid = start(document, _only_say_ready).pid
            os.waitpid(pid, 0)
        except SandboxError as error:
            return ProbeResult(False, str(error), error.remedy, refused=isinstance(error, HostForbidsError))
    return ProbeResult(True, notes=_notes(confined=confined))


def _only_say_ready(document: SandboxDocument, status: int) -> None:
    os.write(status, READY)
    os._exit(0)


def _notes(*, confined: bool) -> tuple[str, ...]:
    notes = [_WITHOUT_NAMESPACES] if confined else []
    if not privileges.has_filter():
        notes.append(f"system calls are not filtered on {processors.MACHINE} processors")
    if not privileges.has_scopes():
        notes.append(
            "abstract Unix sockets of this machine can be reached from sandboxes (Linux 6.12 or newer prevents it)"
        )
    return tuple(notes)
