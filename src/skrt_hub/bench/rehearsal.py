"""`rehearse`: more and more scripted participants run the organiser's notebook, until one can say how many fit.

In each step twice as many are there as before, and all of them run it in the same moment. It ends when memory would run
short, when the notebook has become too slow, when something fails, or at the number and the time that were given.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Sequence

import aiohttp

from skrt_hub.bench import cells, hubs, machine, statistics, test_users
from skrt_hub.bench.chart import rehearsal_chart
from skrt_hub.bench.measure import Subject
from skrt_hub.bench.notebooks import FIRST_LESSON, Notebook, read_notebook
from skrt_hub.bench.options import RehearsalOptions
from skrt_hub.bench.participant import Journey, Participant, ParticipantError, summary_of
from skrt_hub.bench.rehearsal_report import RehearsalReport
from skrt_hub.bench.seats import PATIENCE, Step, may_go_on, next_group, seats
from skrt_hub.context import Context
from skrt_hub.errors import VerifyError
from skrt_hub.files import ensure_folder, named_with, write_atomically, write_json
from skrt_hub.hub.admission import reserved_memory

_ENTER_DEADLINE = 600.0
_LONGEST_ALONE = 1800.0
_SAMPLE_EVERY = 1.0
_SAMPLED = 6


def rehearse(context: Context, options: RehearsalOptions) -> RehearsalReport:
    """Rehearse on a temporary hub with the same settings. Raises VerifyError where the notebook fails by itself."""
    notebook = read_notebook(options.notebook) if options.notebook is not None else FIRST_LESSON
    report = asyncio.run(_rehearse(context, options, notebook))
    if options.out is None:
        return report
    with named_with("--out"):
        ensure_folder(options.out)
    files = (options.out / "rehearsal.json", options.out / "rehearsal.svg")
    write_atomically(files[1], rehearsal_chart(report.steps, report.seats, report.available))
    write_json(files[0], report.as_json())
    return report.with_files(files)


async def _rehearse(context: Context, options: RehearsalOptions, notebook: Notebook) -> RehearsalReport:
    available, whole = machine.available_memory(), machine.whole_memory()
    reserved = reserved_memory(whole)
    names = test_users.new_names(options.people)
    give_up = time.monotonic() + 60 * options.minutes
    async with hubs.temporary_hub(context, names) as subject, _Class(subject, notebook) as people:
        steps: list[Step] = []
        count = 1
        while True:
            with context.progress.step(f"{count} {'person' if count == 1 else 'people'}"):
                await people.bring(names[len(people) : count])
                longest = 2 * PATIENCE * steps[0].seconds + 30 if steps else _LONGEST_ALONE
                steps.append(await people.run(longest))
            _ensure_begun(steps[0], notebook)
            following = next_group(count, options.people)
            if following == count or time.monotonic() > give_up:
                break
            if not may_go_on(steps, following, reserved=reserved):
                break
            count = following
    answer = seats(steps, available=available, reserved=reserved)
    return RehearsalReport(notebook.name, machine.description(), available, reserved, tuple(steps), answer)


def _ensure_begun(first: Step, notebook: Notebook) -> None:
    if first.failures:
        raise VerifyError(
            f"The notebook {notebook.name} does not run even for one person.",
            why=first.failures[0],
            remedy="Open it on the hub and run all cells; put the files that it needs into `material` or `data`.",
        )


class _Class:
    """The scripted participants who are there, each with a kernel."""

    def __init__(self, subject: Subject, notebook: Notebook) -> None:
        self._subject = subject
        self._notebook = notebook
        self._people: list[Participant] = []
        self._failures: list[str] = []

    async def __aenter__(self) -> _Class:
        return self

    async def __aexit__(self, *_: object) -> None:
        await asyncio.gather(*(person.__aexit__() for person in self._people))

    def __len__(self) -> int:
        return len(self._people)

    async def bring(self, names: Sequence[str]) -> None:
        """These come in addition."""
        new = [Participant(self._subject.url, name, self._subject.password) for name in names]
        self._people.extend(new)
        await asyncio.gather(*(self._guarded(person.enter(Journey(person.name)), _ENTER_DEADLINE) for person in new))

    async def run(self, longest: float) -> Step:
        """All run the notebook now; those who need more than `longest` seconds are counted as that long."""
        times: list[float] = []
        peak, left = 0.0, machine.available_memory()

        def look(size: float) -> None:
            nonlocal peak, left
            peak, left = max(peak, size), min(left, machine.available_memory())

        async def one(person: Participant) -> None:
            await person.execute(cells.FORGET_COHORTS)
            began = time.monotonic()
            for number, cell in enumerate(self._notebook.cells, start=1):
                try:
                    await person.execute(cell)
                except ParticipantError as error:
                    raise ParticipantError(f"code cell {number}: {error}") from None
            times.append(time.monotonic() - began)

        sampler = asyncio.create_task(_sample(self._subject.servers, look))
        if not self._failures:
            await asyncio.gather(*(self._guarded(one(person), longest) for person in self._people))
        sampler.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await sampler
        await asyncio.get_running_loop().run_in_executor(None, _look_once, self._subject.servers, look)
        count = len(self._people)
        return Step(count, peak, left, statistics.quantile(times, 0.5) if times else longest, tuple(self._failures))

    async def _guarded(self, work: object, deadline: float) -> None:
        try:
            async with asyncio.timeout(deadline):
                await work  # type: ignore[misc]
        except TimeoutError:
            return  # too slow; the step's time says so
        except (ParticipantError, aiohttp.ClientError, OSError, ValueError, KeyError) as error:
            self._failures.append(summary_of(error))


async def _sample(servers: Callable[[], Sequence[int]], look: Callable[[float], None]) -> None:
    """Look at some participants' memory again and again, until cancelled."""
    loop = asyncio.get_running_loop()
    while True:
        await asyncio.sleep(_SAMPLE_EVERY)
        await loop.run_in_executor(None, _look_once, servers, look)


def _look_once(servers: Callable[[], Sequence[int]], look: Callable[[float], None]) -> None:
    sizes = machine.memory_of(list(servers())[:_SAMPLED])
    if sizes:
        look(max(sizes))
