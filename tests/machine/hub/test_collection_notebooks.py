"""The notebooks of "Scikit-rt by examples" that need no data run to their end within a hub's usual limits.

They are fetched from the clone that SKRT_HUB_TEST_COLLECTION names; without it the test is skipped.
"""

from __future__ import annotations

import asyncio
import json
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from skrt_hub.bench.participant import Journey, Participant
from skrt_workspace.collections import COLLECTIONS
from tests.support.hubs import Hub

CLONE = os.environ.get("SKRT_HUB_TEST_COLLECTION")
COLLECTION = COLLECTIONS["scikit-rt-by-examples"]
SMALL = [notebook for notebook in COLLECTION.notebooks if notebook.needs == "nothing"]
INLINE = "%matplotlib inline\nimport os, warnings\nwarnings.simplefilter('ignore')\nos.chdir(os.path.expanduser('~'))"

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(not CLONE, reason="SKRT_HUB_TEST_COLLECTION names no clone of scikit-rt's repository"),
]


@contextmanager
def greatest_memory(hub: Hub) -> Iterator[list[int]]:
    """The most that all servers together were seen to use while this lasts, bytes."""
    found, ended = [0], threading.Event()

    def look() -> None:
        while True:
            last = ended.wait(1)
            found[0] = max(found[0], sum(one["memory"] or 0 for one in hub.status()["servers"]))
            if last:
                return

    watch = threading.Thread(target=look)
    watch.start()
    try:
        yield found
    finally:
        ended.set()
        watch.join()


def test_they_run_within_the_usual_limits(make_hub: Callable[..., Hub]) -> None:
    hub = make_hub(material=[{"collection": COLLECTION.name, "git": CLONE, "at": COLLECTION.commit}])
    assert "take more memory" not in hub.run("up").stderr
    home = hub.state / "homes" / "anna"
    hub.at_work("anna").end_server()
    seen = {}
    for notebook in SMALL:
        (file,) = home.rglob(notebook.file)
        hub.at_work("anna")
        with greatest_memory(hub) as most:
            begun = time.monotonic()
            asyncio.run(_run(hub, file))
            seen[notebook.file] = {"seconds": round(time.monotonic() - begun), "GB": round(most[0] / 1e9, 2)}
        assert "memory" not in hub.status()["servers"][0]["trouble"], notebook.file
        hub.at_work("anna").end_server()
    print(json.dumps(seen))
    for notebook in SMALL:
        told = notebook.memory_gb
        assert seen[notebook.file]["GB"] < 1.15 * told, f"{notebook.file}: the table says {told} GB"


async def _run(hub: Hub, file: Path) -> None:
    """All cells of a notebook, in a kernel that a person has opened."""
    cells = json.loads(file.read_text(encoding="utf-8"))["cells"]
    async with Participant(hub.url, "anna", "correct horse") as person:
        await person.enter(Journey("anna"))
        await person.execute(INLINE)
        for cell in cells:
            if cell["cell_type"] == "code" and "".join(cell["source"]).strip():
                await person.execute("".join(cell["source"]))
