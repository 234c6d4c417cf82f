"""One system measured: somebody alone, then everybody at once, then memory and a further kernel."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from skrt_hub.bench import browsers as real_browsers
from skrt_hub.bench import lessons, machine, statistics
from skrt_hub.bench.burst import Burst, Crowd
from skrt_hub.bench.statistics import Spread, SystemStatistics
from skrt_hub.errors import VerifyError
from skrt_hub.progress import Progress

EXTRA_NAMES = 2
"""How many names are needed beside the burst's: one to warm the hub up, one to be measured alone."""

_SETTLING = 1.0  # seconds between the phases, so that one does not bear the other's last work


@dataclass(frozen=True)
class Subject:
    """A hub to measure: how people get in, and how its processes are found (nothing where they cannot be).

    `hash_each`: seconds of processor time that the hub needs for the hash of one password.
    """

    system: str
    url: str
    password: str
    servers: Callable[[], Sequence[int]] = tuple
    parts: Callable[[], dict[str, int]] = dict
    start: float | None = None
    notes: tuple[str, ...] = ()
    hash_each: float = 0.0


async def measure(
    subject: Subject, names: Sequence[str], *, progress: Progress, deadline: float, browsers: int = 0
) -> SystemStatistics:
    """Measure with these names: the first two one after the other, all others in the same moment.

    The last of them, as many as there are `browsers`, come with a real browser each.

    Raises VerifyError when not even one person gets to a slice.
    """
    before = machine.available_memory()
    with_browsers = names[len(names) - browsers :]
    names = names[: len(names) - browsers]
    async with (
        Crowd(subject.url, password=subject.password, deadline=deadline) as crowd,
        real_browsers.browsers(browsers) as started,
    ):
        with progress.step(f"{subject.system}: one participant"):
            alone = await _alone(crowd, names[:EXTRA_NAMES])
        parts = subject.parts()
        spent = {name: machine.processor_time([pid]) for name, pid in parts.items()}
        own = time.process_time()
        with progress.step(f"{subject.system}: {len(names) - EXTRA_NAMES} participants at once") as step:
            total = len(names) - EXTRA_NAMES
            burst, pages = await asyncio.gather(
                crowd.arrive(names[EXTRA_NAMES:], tell=lambda count: step.update(count, total, f"{count} have ended")),
                real_browsers.arrive(started, subject.url, with_browsers, subject.password, deadline=deadline),
            )
        used = {name: machine.processor_time([pid]) - spent[name] for name, pid in parts.items()}
        if subject.hash_each:
            used[statistics.HASHES] = subject.hash_each * total
        used["scripted participants"] = time.process_time() - own
        await asyncio.sleep(_SETTLING)
        servers = list(subject.servers())
        used["servers and kernels"] = machine.family_processor_time(servers) * total / max(1, len(servers))
        memory = await asyncio.get_running_loop().run_in_executor(None, machine.memory_of, servers)
        shared = machine.own_memory(parts["fork-server"]) if "fork-server" in parts else None
        taken = before - machine.available_memory()
        new_kernel = await crowd.new_kernel()
        with progress.step(f"{subject.system}: other notebooks"):
            seconds, unable = await lessons.measure(crowd, lessons.lessons())
    return SystemStatistics(
        system=subject.system,
        people=total,
        alone=alone,
        stages=statistics.stage_spreads(burst.journeys),
        arrivals=statistics.arrivals(burst.journeys),
        login_page=Spread.of(burst.login_page),
        login_page_99=statistics.quantile(burst.login_page, 0.99),
        failures=(*statistics.failures(burst), *pages.failures),
        new_kernel=new_kernel,
        start=subject.start,
        memory_each=sum(memory) / len(memory) if memory else None,
        memory_shared=shared,
        memory_machine=taken / len(memory) if memory else None,
        notes=(*subject.notes, *unable),
        lessons=seconds,
        browsers=pages.seconds,
        processor_time={name: round(seconds, 2) for name, seconds in used.items()},
    )


async def _alone(crowd: Crowd, names: Sequence[str]) -> dict[str, float]:
    """The stages of the last of these people, each of whom comes after the one before is done."""
    burst: Burst | None = None
    for name in names:
        burst = await crowd.arrive([name])
        await asyncio.sleep(_SETTLING)
        if burst.failures:
            raise VerifyError(
                "A scripted participant did not get to a slice, so there is nothing to measure.",
                why=burst.failures[0].failure,
                remedy="Try to log in with a browser; see: skrt-hub logs hub",
            )
    assert burst is not None
    return dict(burst.journeys[0].reached)
