"""How the processes of a cohort stand: everything else of their owner comes first, and none outlives its parent."""

from __future__ import annotations

import contextlib
import os
import signal
from pathlib import Path

from skrt_workspace.sandbox import kernel
from skrt_workspace.sandbox.enter import weigh_session

EXPENDABLE = 1000
"""The highest of oom_score_adj (proc_pid_oom_score_adj(5)): a process with it is the first that is ended for memory."""
_LOWER = 5


def step_back() -> None:
    """Leave the processors to what else this person does: a notebook gets three times as much, where both want them.

    Not all of it (SCHED_IDLE): on a machine that is always busy a cohort would then stand still for days.
    """
    with contextlib.suppress(OSError):
        os.nice(_LOWER)
    weigh_session()


def die_with(parent: int) -> None:
    """End at once when the parent does."""
    kernel.process_control(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def be_expendable() -> None:
    """Be the first that is ended where memory is short."""
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(str(EXPENDABLE), encoding="ascii")
