"""How the hub's workers are handed out to those whose cohorts ask: one pure rule, for both targets.

Everybody gets the same. Where there are fewer workers than people, those come first who had least so far, and it
changes every two minutes. Nobody is given a worker that somebody else still has: what is to be given back comes free
with the end of a task.

What an asker tells is believed only up to what was handed out: a server that says that it has ten workers at work, and
was given none, holds none. One that goes and comes again comes not before those who stayed. One that does not give back
what it was given is believed for an hour.

This file stands alone (standard library only): the Kubernetes target hands it to the chart's hub as it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

TURN = 120.0
"""Seconds of one worker after which somebody else comes first, where not all can have one."""
FORGOTTEN = 35.0
"""Seconds after which one who has not asked again is gone. Servers ask every ten, and when something has changed."""
GIVEN_BACK = 3600.0
"""Seconds after which a worker that is to be given back counts as free. A task that takes longer then shares its
processors with somebody else's; without this, whoever says that theirs never end would keep them all.
"""


@dataclass(frozen=True)
class Asker:
    """One person whose cohort runs. `granted`: what was told last; `used`: seconds of workers handed out so far;
    `running`: as far as it is believed; `over`: since when that is more than was granted, if it is.
    """

    wanted: int
    running: int
    granted: int
    used: float
    heard: float
    over: float | None = None


Askers = Mapping[str, Asker]


def ask(
    askers: Askers, name: str, *, running: int, waiting: int, now: float, workers: int, each: int, began: float
) -> tuple[dict[str, Asker], int]:
    """Who asks after this, and how many tasks `name` may have at work now.

    :param workers: how many there are; 0: as many as each may have.
    :param each: the most that one person may have.
    :param began: since when it is known what was handed out; what ran before is believed.
    """
    present = {who: _as_now(asker, now) for who, asker in askers.items() if now - asker.heard < GIVEN_BACK}
    others = {who: asker for who, asker in present.items() if who != name}
    running, waiting = min(max(running, 0), each), max(waiting, 0)
    wanted = min(each, running + waiting)
    known = present.get(name)
    used = 0.0 if known is None else known.used + known.granted * (now - known.heard)
    if not wanted:
        return others if known is None else {**others, name: Asker(0, 0, 0, used, now)}, 0
    if known is None or not known.wanted:
        used = max(used, min((asker.used for asker in others.values() if asker.wanted), default=0.0))
        mine = Asker(wanted, running if known is None and now - began < FORGOTTEN else 0, 0, used, now)
    else:
        believed = min(running, max(known.granted, known.running))
        if known.over is not None and now - known.over >= GIVEN_BACK:
            believed = min(believed, known.granted)
        mine = replace(known, wanted=wanted, running=believed, used=used, heard=now)
    if workers == 0:
        granted = wanted
    else:
        held = sum(max(asker.running, asker.granted) for asker in others.values())
        granted = max(0, min(fair({**others, name: mine}, workers)[name], workers - held))
    over = None if mine.running <= granted else now if mine.over is None else mine.over
    return {**others, name: replace(mine, granted=granted, over=over)}, granted


def _as_now(asker: Asker, now: float) -> Asker:
    """One who is silent wants and has nothing. What they had is remembered: who goes and comes is not new."""
    if now - asker.heard < FORGOTTEN:
        return asker
    return replace(asker, wanted=0, running=0, granted=0, used=asker.used + asker.granted * FORGOTTEN, over=None)


def fair(askers: Askers, workers: int) -> dict[str, int]:
    """How many each should have: one after the other, to whoever has fewest, of these to whoever had least so far."""
    given = dict.fromkeys(askers, 0)
    for _ in range(workers):
        hungry = [name for name, asker in askers.items() if given[name] < asker.wanted]
        if not hungry:
            break
        first = min(hungry, key=lambda name: (given[name], askers[name].used // TURN, name))
        given[first] += 1
    return given
