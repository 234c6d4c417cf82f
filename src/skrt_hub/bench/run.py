"""`bench`: measure the hub, beside it the stock stack where that is wanted, and write statistics and chart down."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from skrt_hub.bench import browsers, hubs, machine, test_users
from skrt_hub.bench.chart import Curve, arrival_chart
from skrt_hub.bench.measure import EXTRA_NAMES, Subject, measure
from skrt_hub.bench.options import BenchOptions
from skrt_hub.bench.report import BenchReport
from skrt_hub.bench.statistics import SystemStatistics
from skrt_hub.bench.stock import stock_hub
from skrt_hub.context import Context
from skrt_hub.environment import ensure_environment
from skrt_hub.files import ensure_folder, named_with, write_atomically, write_json
from skrt_hub.version import __version__

_DEADLINE = 300.0
_STOCK_DEADLINE = 900.0
# What a stock participant takes here (proportional set size) and a little more, to keep the machine from swapping.
_STOCK_MEMORY = 290 * 10**6


def bench(context: Context, options: BenchOptions) -> BenchReport:
    """Measure, and write `bench.json` and `bench.svg` into the `out` folder. Raises the errors of each step."""
    systems = asyncio.run(_measure_all(context, options))
    report = BenchReport(
        version=__version__,
        when=time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()),
        machine=machine.description(),
        systems=systems,
    )
    return report if options.out is None else write_down(report, options.out)


def write_down(report: BenchReport, folder: Path) -> BenchReport:
    """Write statistics and chart into `folder`; returns the report that names them."""
    with named_with("--out"):
        ensure_folder(folder)
    chart = folder / "bench.svg"
    write_atomically(chart, draw(report.systems))
    write_json(folder / "bench.json", report.as_json())
    return report.with_files((folder / "bench.json", chart))


def draw(systems: Sequence[SystemStatistics]) -> str:
    """The arrival curves of all systems: the slice whole, the lab page broken."""
    people = max(system.people for system in systems)
    curves = []
    for colour, system in enumerate(systems):
        curves.append(Curve(f"{system.system}: lab page", system.arrivals["lab page"], colour, broken=True))
        curves.append(Curve(f"{system.system}: CT slice", system.arrivals["slice"], colour))
    return arrival_chart(f"{people} people log in in the same moment", curves, people)


async def _measure_all(context: Context, options: BenchOptions) -> tuple[SystemStatistics, ...]:
    if options.browsers:
        browsers.ensure_there()
    names = test_users.new_names(options.people + EXTRA_NAMES + options.browsers)
    how: dict[str, Any] = {"progress": context.progress, "deadline": _DEADLINE, "browsers": options.browsers}
    applied = None if options.temporary or options.url else hubs.at_hand(context)
    if options.url is not None:
        subject = Subject("hub", options.url, secrets.token_urlsafe(16))
        ours = await measure(subject, names, **how)
    elif applied is not None:
        async with hubs.running_hub(context, applied, names) as subject:
            ours = await measure(subject, names, **how)
    else:
        async with hubs.temporary_hub(context, names, seats_ready=options.seats_ready) as subject:
            ours = await measure(subject, names, **how)
    if not options.against_stock:
        return (ours,)
    return ours, await _measure_stock(context, options.people, options.browsers)


async def _measure_stock(context: Context, people: int, with_browsers: int) -> SystemStatistics:
    """The stock stack with as many of these people as the machine's memory seats."""
    fitting = max(1, min(people, machine.available_memory() // _STOCK_MEMORY - EXTRA_NAMES))
    notes = () if fitting == people else (f"{people} do not fit into this machine's memory; tried with {fitting}.",)
    environment = ensure_environment(context.layout.environments, progress=context.progress)
    async with stock_hub(environment.folder) as hub:
        names = test_users.new_names(fitting + EXTRA_NAMES + with_browsers)
        notes = (*notes, f"proxy: {hub.proxy}")
        parts = {"hub": hub.process.pid}
        subject = Subject("stock", hub.url, hub.password, hub.servers, lambda: parts, hub.start, notes)
        how: dict[str, Any] = {"progress": context.progress, "deadline": _STOCK_DEADLINE, "browsers": with_browsers}
        return await measure(subject, names, **how)
