"""The soak: scripted participants work on a real hub while something of it is killed every 20 seconds.

    make soak SEED=7 MINUTES=120 PEOPLE=30

Everybody logs in, opens the notebook, counts on in a variable and in a file, and logs out, again and again. At the end
nobody may have lost an edit or seen anybody else's, and the hub may hold no more than at the beginning. The same seed
kills the same things at the same moments.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import psutil

from skrt_hub.bench.participant import Journey, Participant, ParticipantError
from skrt_hub.hub.proxy import dynamic_file
from skrt_hub.layout import Layout

KILLED = ("proxy", "hub", "assets", "supervisor", "watchdog", "fork-server", "culler")
EVERY = 20.0
_COUNT = """
import pathlib
file = pathlib.Path("count.txt")
before = file.read_text().split() if file.exists() else [NAME, "0"]
assert before[0] == NAME, f"the file of {before[0]} in the home of {NAME}"
assert int(before[1]) == EXPECTED, f"{before[1]} in the file, {EXPECTED} written"
file.write_text(f"{NAME} {EXPECTED + 1}")
"""


@dataclass
class Outcome:
    """What came of it."""

    seed: int
    rounds: int = 0
    answers: Counter[str] = field(default_factory=Counter)
    killed: Counter[str] = field(default_factory=Counter)
    written: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    before: dict[str, int] = field(default_factory=dict)
    after: dict[str, int] = field(default_factory=dict)


class Hub:
    """The hub under test, in a folder of its own."""

    def __init__(self, root: Path, people: int) -> None:
        self.root = root
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        settings = {"name": "soak", "port": self.port, "limits": {"memory": "512 MB", "servers": people + 1}}
        (root / "hub.yaml").write_text(json.dumps(settings), encoding="utf-8")

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """One command on it."""
        options = ["--config", self.root / "hub.yaml", "--state", self.root / "state"]
        command = [sys.executable, "-m", "skrt_hub", *words, *map(str, options)]
        return subprocess.run(command, capture_output=True, text=True, check=False, cwd="/")

    def processes(self) -> dict[str, psutil.Process]:
        """Its parts that run now."""
        noted = json.loads((self.root / "state/run/parts.json").read_text(encoding="utf-8"))
        pids = {name: words["pid"] for name, words in noted.items()}
        pids["watchdog"] = json.loads((self.root / "state/run/watchdog.lock").read_text(encoding="utf-8"))["pid"]
        pids["supervisor"] = json.loads((self.root / "state/run/expected.json").read_text(encoding="utf-8"))["pid"]
        found = {}
        for name, pid in pids.items():
            with contextlib.suppress(psutil.NoSuchProcess):
                found[name] = psutil.Process(pid)
        return found

    def holds(self) -> dict[str, int]:
        """How much it has of what can leak."""
        parts = self.processes()
        held = {f"descriptors of {name}": part.num_fds() for name, part in parts.items() if name != "fork-server"}
        routes = json.loads(dynamic_file(Layout(self.root / "state")).read_text(encoding="utf-8"))
        return {
            **held,
            "processes": sum(1 for _ in psutil.process_iter()),
            "routes": len(routes["http"]["routers"]),
            "interfaces": len(psutil.net_if_addrs()),
            "temporary files": sum(1 for _ in Path(tempfile.gettempdir()).iterdir()),
        }


async def work(hub: Hub, name: str, until: float, outcome: Outcome) -> None:
    """One participant. What the hub's restarts interrupt is tried again; nothing may be lost."""
    expected = outcome.written[name]
    while time.monotonic() < until:
        try:
            async with Participant(hub.url, name, "correct horse battery") as person:
                await person.enter(Journey(name))
                code = _COUNT.replace("NAME", repr(name)).replace("EXPECTED", str(expected))
                await asyncio.wait_for(person.execute(code), 60)
                expected += 1
                outcome.written[name] = expected
                outcome.rounds += 1
                outcome.answers["round"] += 1
        except ParticipantError as error:
            outcome.answers[str(error).split(":")[0]] += 1
            if "AssertionError" in str(error):
                # The cell may have run before its answer was cut off: then the file is one further, never behind.
                if f"{expected + 1} in the file" in str(error):
                    expected += 1
                    outcome.written[name] = expected
                else:
                    outcome.wrong.append(f"{name}: {error}")
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            outcome.answers[type(error).__name__] += 1
        await asyncio.sleep(0.5)


async def trouble(hub: Hub, chance: random.Random, until: float, outcome: Outcome) -> None:
    """Kill something every 20 seconds."""
    while time.monotonic() + EVERY < until:
        await asyncio.sleep(EVERY)
        part = chance.choice(KILLED)
        with contextlib.suppress(KeyError, OSError, psutil.NoSuchProcess, ValueError):
            os.kill(hub.processes()[part].pid, signal.SIGKILL)
            outcome.killed[part] += 1


async def soak(hub: Hub, people: int, minutes: float, outcome: Outcome) -> None:
    """All of them together."""
    chance = random.Random(outcome.seed)
    names = [f"person-{number:02d}" for number in range(people)]
    await asyncio.gather(*(work(hub, name, time.monotonic() + 1, outcome) for name in names))
    await asyncio.sleep(5)
    outcome.before = hub.holds()
    outcome.rounds = 0
    until = time.monotonic() + 60 * minutes
    await asyncio.gather(trouble(hub, chance, until, outcome), *(work(hub, name, until, outcome) for name in names))
    await asyncio.sleep(30)
    outcome.after = hub.holds()


def leaks(outcome: Outcome) -> list[str]:
    """What is clearly more at the end; some few descriptors and files of other programs come and go."""
    return [
        f"{name}: {outcome.before[name]} before, {count} after"
        for name, count in outcome.after.items()
        if name in outcome.before and count > outcome.before[name] * 1.2 + 20
    ]


def main() -> int:
    """Run it; returns 0 when nothing was lost, crossed or leaked."""
    parser = argparse.ArgumentParser(prog="make soak")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    parser.add_argument("--minutes", type=float, default=5)
    parser.add_argument("--people", type=int, default=30)
    given = parser.parse_args()
    print(f"soak: seed {given.seed}, {given.people} people, {given.minutes:g} minutes", flush=True)
    root = Path(tempfile.mkdtemp(prefix="skrt-hub-soak-"))
    hub, outcome = Hub(root, given.people), Outcome(given.seed)
    try:
        up = hub.run("up")
        if up.returncode:
            print(up.stdout, up.stderr)
            return up.returncode
        asyncio.run(soak(hub, given.people, given.minutes, outcome))
    finally:
        hub.run("stop")
        shutil.rmtree(root, ignore_errors=True)
    outcome.wrong += leaks(outcome)
    print(json.dumps(vars(outcome), indent=2))
    return 1 if outcome.wrong or not outcome.rounds else 0


if __name__ == "__main__":
    sys.exit(main())
