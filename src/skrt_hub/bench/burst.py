"""Many scripted participants at the same moment, while the log-in page is sampled throughout."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import aiohttp

from skrt_hub.bench import cells
from skrt_hub.bench.participant import Journey, Participant, ParticipantError, summary_of

_SAMPLE_EVERY = 0.1


@dataclass(frozen=True)
class Burst:
    """What a burst was like: everybody's journey, and how long the log-in page took at each sample, in seconds."""

    journeys: tuple[Journey, ...]
    login_page: tuple[float, ...]
    login_page_failures: int = 0

    @property
    def failures(self) -> tuple[Journey, ...]:
        """The journeys that did not arrive."""
        return tuple(journey for journey in self.journeys if not journey.arrived)


class Crowd:
    """Scripted participants of one hub, who stay logged in with their kernels until they leave."""

    def __init__(self, url: str, *, password: str, deadline: float) -> None:
        self._url = url
        self._password = password
        self._deadline = deadline
        self._people: list[Participant] = []

    async def __aenter__(self) -> Crowd:
        return self

    async def __aexit__(self, *_: object) -> None:
        await asyncio.gather(*(person.__aexit__() for person in self._people))

    async def arrive(self, names: Sequence[str], *, tell: Callable[[int], None] = lambda _: None) -> Burst:
        """Everybody in `names` logs in now and goes on to the slice; `tell` hears how many have arrived."""
        journeys = tuple(Journey(name) for name in names)
        sampler = asyncio.create_task(_sample_login_page(self._url))
        arrived = 0

        async def one(journey: Journey) -> None:
            nonlocal arrived
            await self._walk(journey)
            arrived += 1
            tell(arrived)

        await asyncio.gather(*(one(journey) for journey in journeys))
        sampler.cancel()
        times, failures = await sampler
        return Burst(journeys, tuple(times), failures)

    async def new_kernel(self) -> float:
        """Seconds from asking for a further kernel, for somebody who is here, to `import skrt` done in it."""
        began = time.monotonic()
        person = self._people[0]
        await person.open_notebook("bench-again.ipynb")
        await person.execute(cells.IMPORT)
        return time.monotonic() - began

    async def lesson(self, lesson: Sequence[str]) -> float | str:
        """Seconds from asking for a further kernel to the end of these cells; in words, why they did not end."""
        began = time.monotonic()
        person = self._people[0]
        try:
            async with asyncio.timeout(self._deadline):
                await person.open_notebook("bench-lesson.ipynb")
                for code in lesson:
                    await person.execute(code)
        except (ParticipantError, aiohttp.ClientError, OSError, TimeoutError) as error:
            return summary_of(error)
        return time.monotonic() - began

    async def _walk(self, journey: Journey) -> None:
        person = Participant(self._url, journey.name, self._password)
        self._people.append(person)
        try:
            async with asyncio.timeout(self._deadline):
                await person.walk(journey)
        except TimeoutError:
            last = list(journey.reached)[-1:] or ["nothing"]
            journey.failure = f"not done after {self._deadline:.0f} s; the last stage was: {last[0]}"
        except (ParticipantError, aiohttp.ClientError, OSError, ValueError, KeyError) as error:
            journey.failure = summary_of(error)


async def _sample_login_page(url: str) -> tuple[list[float], int]:
    """Load the log-in page again and again, as new visitors do, until cancelled."""
    times: list[float] = []
    failures = 0
    try:
        while True:
            began = time.monotonic()
            try:
                async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=60)) as web:
                    headers = {"Sec-Fetch-Mode": "navigate", "User-Agent": "skrt-hub bench, visitor"}
                    async with web.get(f"{url.rstrip('/')}/hub/login", headers=headers) as answer:
                        await answer.read()
                        failures += answer.status != 200
            except (aiohttp.ClientError, OSError, TimeoutError):
                failures += 1
            times.append(time.monotonic() - began)
            await asyncio.sleep(_SAMPLE_EVERY)
    except asyncio.CancelledError:
        return times, failures
