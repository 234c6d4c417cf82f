"""How much a cohort costs over the bare loop, and how far more workers go: in one run, so that ratios mean something.

Run in a participant's environment, in a terminal of JupyterLab or with that environment's Python:

    python scripts/measure_cohort.py [--tasks 200] [--seconds 0.25] [--workers 1 2 4] [--registration] [--kill 20]

Each task computes for about `--seconds` of a processor's time, or with `--registration` is a small one of elastix. What
is printed: in turns for each number of workers and as many bare loops at the same time, the tasks a second, and that
over the loops'; what a task that does nothing costs; with `--kill`, what came of a cohort of which a task is killed now
and then.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import signal
import statistics
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil

from skrt_workspace import cohort
from skrt_workspace.cohort import standing
from skrt_workspace.threads import ENGINES


def work(number: int, rounds: int) -> float:
    """Something for a processor to do, always the same."""
    value = float(number)
    for _ in range(rounds):
        value = (value * 1.000001 + 1.0) % 1000.0
    return value


TURNS = 5
PARAMETERS = """(FixedInternalImagePixelType "float") (MovingInternalImagePixelType "float")
(Registration "MultiResolutionRegistration") (Metric "AdvancedMeanSquares") (RandomSeed 1)
(Optimizer "AdaptiveStochasticGradientDescent") (Transform "TranslationTransform") (Interpolator "LinearInterpolator")
(ResampleInterpolator "FinalLinearInterpolator") (Resampler "DefaultResampler") (ImageSampler "RandomCoordinate")
(FixedImagePyramid "FixedRecursiveImagePyramid") (MovingImagePyramid "MovingRecursiveImagePyramid")
(NumberOfResolutions 2) (MaximumNumberOfIterations 200) (NumberOfSpatialSamples 1000) (NewSamplesEveryIteration "true")
(AutomaticTransformInitialization "false") (HowToCombineTransforms "Compose") (WriteResultImage "false")
""".replace(") (", ")\n(")


def register(number: int, rounds: int) -> float:
    """A small registration with elastix: how far a blob was moved. `rounds`: 0 for nothing at all."""
    if not rounds:
        return 0.0
    import SimpleITK  # noqa: PLC0415 - loaded by the runner

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for file, shift in (("fixed", 0.0), ("moving", 1.0 + number % 5)):
            middle = [16 + shift] * 3
            blob = SimpleITK.GaussianSource(SimpleITK.sitkFloat32, [32] * 3, [5.0, 4.0, 6.0], middle, 1000.0)
            SimpleITK.WriteImage(blob, str(folder / f"{file}.mha"))
        (folder / "parameters.txt").write_text(PARAMETERS)
        images = ("-f", str(folder / "fixed.mha"), "-m", str(folder / "moving.mha"))
        words = ["elastix", *images, "-p", str(folder / "parameters.txt"), "-out", name]
        subprocess.run(words, check=True, capture_output=True)
        for line in (folder / "TransformParameters.0.txt").read_text().splitlines():
            if line.startswith("(TransformParameters "):
                return float(line.split()[1])
    raise ValueError("elastix said nothing of where it went")


def main() -> None:
    """Measure, and print a table in Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tasks", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=0.25)
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2, 4])
    parser.add_argument("--registration", action="store_true")
    parser.add_argument("--kill", type=float, default=0)
    given = parser.parse_args()
    task = register if given.registration else work
    rounds = 1 if given.registration else calibrated(given.seconds)
    print("| At once | Bare loops, tasks a second | A cohort, tasks a second | Over the loops |\n|---|---|---|---|")
    for number, loops, rate, ratio in in_turns(task, given.tasks, rounds, given.workers):
        print(f"| {number} | {loops:.2f} | {rate:.2f} | {ratio:.2f} |", flush=True)
    empty = f"measured-empty-{int(time.time())}"
    taken = timed(lambda: cohort.run(task, range(given.tasks), name=empty, parameters={"rounds": 0}, at_once=1))
    cohort.remove(empty)
    print(f"\nA task that does nothing, with all that a cohort begins with: {1000 * taken / given.tasks:.1f} ms.")
    with tempfile.NamedTemporaryFile(dir=Path.home()) as probe:
        synced = timed(lambda: [sync(probe) for _ in range(50)])
    print(
        f"This disk needs {1000 * synced / 50:.1f} ms to have one small write on it (fsync), of which a task has two."
    )
    if given.kill:
        killed(task, given.tasks, rounds, every=given.kill, workers=max(given.workers))


def in_turns(
    task: Callable[..., float], tasks: int, rounds: int, workers: list[int]
) -> Iterator[tuple[int, float, float, float]]:
    """For each number of workers as many bare loops at the same time, and a cohort: a part of the tasks in turns.

    What else runs here then hits both. Given are the number, the loops' and the cohort's tasks a second, and how the
    second is to the first, all as medians over the turns. Each time is from the end of the first task to the end of the
    last: what a cohort begins with is measured for itself.
    """
    for number in workers:
        part = max(2 * number, tasks // TURNS)
        pairs = []
        for turn in range(TURNS):
            loops = bare_loops(task, max(2, part // number), rounds, number)
            name = f"measured-{number}-{turn}-{int(time.time())}"
            options: dict[str, Any] = {"parameters": {"rounds": rounds}, "at_once": number}
            cohort.run(task, range(part), name=name, **options)
            pairs.append((loops, (part - 1) / between_ends(name)))
            cohort.remove(name)
        loops, rate = (statistics.median(side) for side in zip(*pairs, strict=True))
        yield number, loops, rate, statistics.median(beside / alone for alone, beside in pairs)


def killed(task: Callable[..., float], tasks: int, rounds: int, *, every: float, workers: int) -> None:
    """A cohort of which a task that runs is killed now and then: what came of it."""
    name, over, kills = f"measured-killed-{int(time.time())}", threading.Event(), []

    def kill() -> None:
        while not over.wait(every):
            if found := tasks_that_run():
                kills.append(found[len(kills) % len(found)])
                os.kill(kills[-1], signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    try:
        options: dict[str, Any] = {"parameters": {"rounds": rounds}, "at_once": workers}
        taken = timed(lambda: cohort.run(task, range(tasks), name=name, **options))
    finally:
        over.set()
        killer.join()
    results, errors = len(cohort.results(name)), len(cohort.errors(name))
    print(
        f"\nWith a task killed every {every:.0f} s ({len(kills)} in all): {results} of {tasks} results, {errors} "
        f"errors, {tasks / taken:.2f} tasks a second."
    )
    cohort.remove(name)


def tasks_that_run() -> list[int]:
    """The processes that do a task now: those below this one that are first to go for memory."""
    found = []
    for process in psutil.Process().children(recursive=True):
        with contextlib.suppress(OSError, psutil.Error):
            value = int(Path(f"/proc/{process.pid}/oom_score_adj").read_text())
            if value == standing.EXPENDABLE and "skrt_workspace.cohort" in process.cmdline():
                found.append(process.pid)
    return found


def bare_loops(task: Callable[..., float], tasks: int, rounds: int, at_once: int) -> float:
    """So many loops at the same time, each of so many tasks in one process; the tasks a second of all together."""
    begun = [bare_loop(task, tasks, rounds) for _ in range(at_once)]
    rate = 0.0
    for pid, reader in begun:
        with os.fdopen(reader) as stream:
            rate += (tasks - 1) / float(stream.read())
        os.waitpid(pid, 0)
    return rate


def bare_loop(task: Callable[..., float], tasks: int, rounds: int) -> tuple[int, int]:
    """Begin one task after the other in a process that has as little claim to the processors as a cohort.

    Its engines have one thread, as those of a cohort. Returns its number, and where it says how many seconds all but
    the first took.
    """
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        standing.step_back()
        os.environ.update(dict.fromkeys(ENGINES, "1"))
        task(0, rounds)
        taken = timed(lambda: [task(number, rounds) for number in range(1, tasks)])
        os.write(writer, str(taken).encode())
        os._exit(0)
    os.close(writer)
    return pid, reader


def between_ends(name: str) -> float:
    """The seconds from the end of a cohort's first task to that of its last."""
    results = (Path.home() / "cohorts" / name / "results").glob("*.json")
    ends = [json.loads(file.read_text())["finished"] for file in results]
    return max(ends) - min(ends)


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
