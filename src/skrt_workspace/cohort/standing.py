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
_LOWEST = 19


def step_back() -> None:
    """Take processors only when nothing else of this person wants them: notebooks never wait for one's own cohort.

    Among people the hub's share sees to it.
    """
    with contextlib.suppress(OSError):
        os.nice(_LOWEST - os.nice(0))
    weigh_session()
    with contextlib.suppress(OSError):
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))


def die_with(parent: int) -> None:
    """End at once when the parent does."""
    kernel.process_control(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def be_expendable() -> None:
    """Be the first that is ended where memory is short."""
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(str(EXPENDABLE), encoding="ascii")
