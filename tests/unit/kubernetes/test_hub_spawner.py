"""The spawner in the chart's hub: a start ends when the server can be connected to, and not before."""

from __future__ import annotations

import asyncio
import json
import sys
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from tornado import web  # type: ignore[attr-defined]

from skrt_hub.hub import seat_keeper
from skrt_hub.policy import seats
from skrt_hub.targets.kubernetes.in_hub import spawner
from skrt_hub.targets.kubernetes.in_hub.admin import STATE
from skrt_hub.targets.kubernetes.in_hub.spawner import prompt
from skrt_hub.targets.kubernetes.release.seats import RULES_MODULE
from skrt_workspace import ahead


class Pod:
    """A spawner whose pod runs at once, and whose server listens later or never."""

    url: Any = ""
    ended: int | None = None

    async def start(self) -> Any:
        return self.url

    async def poll(self) -> int | None:
        return self.ended

    def get_env(self) -> dict[str, str]:
        return {"A": "1"}


def test_the_start_ends_soon_after_the_server_listens() -> None:
    async def start() -> float:
        loop = asyncio.get_running_loop()
        probe = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
        port = probe.sockets[0].getsockname()[1]
        probe.close()
        await probe.wait_closed()
        one = prompt(Pod)()
        one.url = f"http://127.0.0.1:{port}"
        waiting = asyncio.create_task(one.start())
        await asyncio.sleep(0.35)
        assert not waiting.done()
        began = loop.time()
        server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", port)
        assert await waiting == one.url
        server.close()
        return loop.time() - began

    assert asyncio.run(start()) < 1.0


def test_a_pod_that_ends_while_it_starts_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("skrt_hub.targets.kubernetes.in_hub.spawner.LOOK_AT_POD_EVERY", 0.2)
    one = prompt(Pod)()
    one.url, one.ended = "http://127.0.0.1:1", 137
    with pytest.raises(RuntimeError, match="137"):
        asyncio.run(asyncio.wait_for(one.start(), 10))


def test_what_is_no_address_is_passed_on() -> None:
    one = prompt(Pod)()
    one.url = ("10.0.0.1", 8888)
    assert asyncio.run(one.start()) == ("10.0.0.1", 8888)


def test_starts_take_turns_and_a_slow_one_holds_nobody_up_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("skrt_hub.targets.kubernetes.in_hub.spawner.LONGEST_TURN", 0.3)
    began: list[float] = []

    class Slow(Pod):
        async def start(self) -> Any:
            began.append(asyncio.get_running_loop().time())
            await asyncio.sleep(0.1 if len(began) == 1 else 1.0)
            return ()

    async def three() -> None:
        kind = prompt(Slow, at_once=1)
        await asyncio.gather(*(kind().start() for _ in range(3)))

    asyncio.run(three())
    first, second, third = began
    assert 0.05 < second - first < 0.25  # as soon as the first has ended
    assert 0.25 < third - second < 0.6  # the second is slow, so its turn ends by time


def test_a_size_that_there_is_not_is_refused_in_words() -> None:
    class Sized(Pod):
        profile_list = ({"display_name": "Small"}, {"display_name": "Large"})

        async def load_user_options(self) -> None:
            raise ValueError("No such profile: forged. Options include: small, large")

    one = prompt(Sized)()
    one.profile_list = list(Sized.profile_list)
    with pytest.raises(web.HTTPError) as refused:
        asyncio.run(one.load_user_options())
    assert refused.value.status_code == 422
    assert "Small, Large" in refused.value.jupyterhub_message


def test_a_kernel_waits_only_in_a_server_that_is_made_ready(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "seats.json"
    file.write_text(json.dumps({"seats": {"anna": {"state": seats.STARTING}, "ben": {"state": seats.READY}}}))
    monkeypatch.setitem(sys.modules, spawner.SEATS, seats)
    monkeypatch.setattr(spawner, "is_made_ready", partial(spawner.is_made_ready, file=str(file)))
    one = prompt(Pod)()
    told = {}
    for name in ("anna", "ben"):
        one.user = SimpleNamespace(name=name)
        told[name] = one.get_env()

    assert told == {"anna": {"A": "1", ahead.VARIABLE: "1"}, "ben": {"A": "1"}}
    assert not spawner.is_made_ready("anna", file=str(tmp_path / "none.json"))
    assert (spawner.KERNEL_AHEAD, spawner.SEATS) == (ahead.VARIABLE, RULES_MODULE)
    assert f"{STATE}/{seat_keeper.DONE}" == spawner.SEATS_FILE
