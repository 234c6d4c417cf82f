"""Many patients, one function: a table of tasks that goes on when the notebook, its browser or the hub have ended.

    from skrt_workspace import cohort
    cohort.run(register, patients, name="lungs")     # shows a bar; interrupt it, and the cohort goes on
    cohort.status("lungs")                           # also from another notebook, and tomorrow
    cohort.results("lungs")                          # a table, a row for each patient

What lies where, and what survives what, is told in docs/explanation/cohorts.md. The rooms: `keys` says which task has
been done already, `table` keeps tasks and results on the disk, `runner` is the program that does them, `work` does one
cohort's, `share` says how many at once, `progress` shows it in a notebook.
"""

from __future__ import annotations

from skrt_workspace.cohort.commands import cancel, errors, names, remove, results, retry, run, status, wait
from skrt_workspace.cohort.table import CohortError, Status

__all__ = ["CohortError", "Status", "cancel", "errors", "names", "remove", "results", "retry", "run", "status", "wait"]
