"""How much a cohort costs over the bare loop, and how far more workers go: in one run, so that ratios mean something.

Run in a participant's environment, in a terminal of JupyterLab or with that environment's Python:

    python scripts/measure_cohort.py [--tasks 200] [--seconds 0.25] [--workers 1 2 4]

Each task computes for about `--seconds` of a processor's time. Printed is, for the bare loop and for each number of
workers, the tasks a second, and that over the bare loop's; and what one task that does nothing costs.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from skrt_workspace import cohort
from skrt_workspace.cohort import standing


def work(number: int, rounds: int) -> float:
    """Something for a processor to do, always the same."""
    value = float(number)
    for _ in range(rounds):
        value = (value * 1.000001 + 1.0) % 1000.0
    return value


def main() -> None:
    """Measure, and print a table in Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tasks", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=0.25)
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2, 4])
    given = parser.parse_args()
    rounds = calibrated(given.seconds)
    bare = timed(lambda: bare_loop(given.tasks, rounds))
    print("| Run by | Tasks a second | Over the bare loop |\n|---|---|---|")
    print(f"| the bare loop | {given.tasks / bare:.2f} | 1.00 |")
    for workers in given.workers:
        name = f"measured-{workers}-{int(time.time())}"
        options: dict[str, Any] = {"parameters": {"rounds": rounds}, "at_once": workers}
        taken = timed(lambda name=name, options=options: cohort.run(work, range(given.tasks), name=name, **options))
        print(f"| a cohort, {workers} at once | {given.tasks / taken:.2f} | {bare / taken:.2f} |")
        cohort.remove(name)
    empty = f"measured-empty-{int(time.time())}"
    taken = timed(lambda: cohort.run(work, range(given.tasks), name=empty, parameters={"rounds": 0}, at_once=1))
    cohort.remove(empty)
    print(f"\nA task that does nothing, with all that a cohort begins with: {1000 * taken / given.tasks:.1f} ms.")
    with tempfile.NamedTemporaryFile(dir=Path.home()) as probe:
        synced = timed(lambda: [sync(probe) for _ in range(50)])
    print(
        f"This disk needs {1000 * synced / 50:.1f} ms to have one small write on it (fsync), of which a task has two."
    )


def bare_loop(tasks: int, rounds: int) -> None:
    """All tasks one after the other in one process, with as little claim to the processors as a cohort has."""
    pid = os.fork()
    if pid == 0:
        standing.step_back()
        for number in range(tasks):
            work(number, rounds)
        os._exit(0)
    os.waitpid(pid, 0)


def calibrated(seconds: float) -> int:
    """How many rounds take so long here."""
    rounds = 100_000
    return max(1, int(rounds * seconds / min(timed(lambda: work(1, rounds)) for _ in range(5))))


def sync(file: Any) -> None:
    """One small write, brought to the disk."""
    file.write(b"x")
    file.flush()
    os.fsync(file.fileno())


def timed(what: Callable[[], object]) -> float:
    """The seconds that something takes."""
    begun = time.perf_counter()
    what()
    return time.perf_counter() - begun


if __name__ == "__main__":
    main()
