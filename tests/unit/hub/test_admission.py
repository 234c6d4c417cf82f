"""Who may start: seats by memory and by setting, the order of starts, what is told to those who wait; ports; routes."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skrt_hub.hub import admission, occupancy, ports, tuning
from skrt_hub.hub.admission import Memory, Queue, Room
from skrt_hub.hub.routes import RouteFile

GB = 10**9


@pytest.mark.parametrize(
    ("memory", "now", "limit", "expected"),
    [
        (Memory(25 * GB, 10 * GB, None), (0, 0), 0, Room(0, 40)),  # 2 GB reserved, 8 GB at the first guess of 200 MB
        (Memory(25 * GB, 10 * GB, 100e6), (0, 0), 0, Room(0, 80)),  # measured: smaller than the guess
        (Memory(25 * GB, 10 * GB, 1e9), (5, 2), 0, Room(7, 13)),  # those who run have their memory already
        (Memory(25 * GB, 10 * GB, 100e6), (3, 1), 20, Room(4, 20)),  # the organiser's limit is smaller
        (Memory(25 * GB, 1 * GB, 100e6), (30, 0), 40, Room(30, 30)),  # the memory is smaller than the limit
        (Memory(25 * GB, 0, 100e6), (0, 0), 0, Room(0, 0)),
    ],
)
def test_seats(memory: Memory, now: tuple[int, int], limit: int, expected: Room) -> None:
    assert admission.room(memory, running=now[0], starting=now[1], limit=limit) == expected


@given(
    available=st.integers(0, 64 * GB),
    each=st.floats(1e6, 4e9) | st.none(),
    running=st.integers(0, 300),
    starting=st.integers(0, 99),
    limit=st.integers(0, 99),
)
def test_a_full_room_never_seats_more_and_a_limit_is_never_passed(
    *, available: int, each: float | None, running: int, starting: int, limit: int
) -> None:
    found = admission.room(Memory(64 * GB, available, each), running=running, starting=starting, limit=limit)
    assert found.full == (running + starting >= found.seats)
    assert not limit or found.seats <= limit
    if not found.full and each is not None:
        assert (found.taken - running + 1) * each <= available


def test_those_who_do_not_fit_are_told_how_many_do() -> None:
    words = admission.refusal(Room(40, 40), 3600)
    assert "seats 40" in words
    assert "60 minutes" in words
    assert "minutes" not in admission.refusal(Room(40, 40), 0)


def test_starts_happen_in_the_order_of_arrival_and_a_few_at_a_time() -> None:
    order: list[int] = []
    most = 0

    async def one(queue: Queue, number: int) -> None:
        nonlocal most
        async with queue.turn(str(number)):
            order.append(number)
            most = max(most, len(queue._started))
            await asyncio.sleep(0.001)

    async def everybody() -> set[str]:
        queue = Queue(3)
        await asyncio.gather(*(one(queue, number) for number in range(20)))
        return queue.names()

    assert asyncio.run(everybody()) == set()
    assert order == list(range(20))
    assert most == 3


def test_one_who_fails_or_leaves_makes_room_for_the_next() -> None:
    async def story() -> list[str]:
        queue, seen = Queue(1), []

        async def failing() -> None:
            async with queue.turn("failing"):
                await asyncio.sleep(0.01)
                raise RuntimeError

        async def waiting(name: str) -> None:
            async with queue.turn(name):
                seen.append(name)

        first = asyncio.create_task(failing())
        await asyncio.sleep(0)
        left = asyncio.create_task(waiting("left"))
        last = asyncio.create_task(waiting("last"))
        await asyncio.sleep(0)
        assert queue.before("left") == 0
        assert queue.before("last") == 1
        left.cancel()
        await asyncio.gather(first, left, last, return_exceptions=True)
        assert queue.names() == set()
        return seen

    assert asyncio.run(story()) == ["last"]


def test_the_waiting_page_hears_of_each_change_of_place_once() -> None:
    async def story() -> list[str]:
        queue, lines = Queue(1), []
        release = asyncio.Event()

        async def hold(name: str) -> None:
            async with queue.turn(name):
                await release.wait()

        tasks = [asyncio.create_task(hold(name)) for name in ("a", "b", "c")]
        await asyncio.sleep(0)

        async def listen() -> None:
            async for words in admission.places(queue, "c", pause=0.001):
                lines.append(words)
                release.set()

        await asyncio.wait_for(listen(), 5)
        await asyncio.gather(*tasks)
        return lines

    lines = asyncio.run(story())
    assert lines[0] == "1 person is before you."
    assert lines[-1] == "Your server is starting."
    assert len(lines) == len(set(lines))
    assert admission.waiting_words(12) == "12 people are before you."


def test_a_containers_memory_limit_counts(tmp_path: Path) -> None:
    (tmp_path / "memory.max").write_text("2000\n")
    (tmp_path / "memory.current").write_text("500\n")
    assert occupancy.group_limit(tmp_path) == (2000, 500)
    (tmp_path / "memory.max").write_text("max\n")
    assert occupancy.group_limit(tmp_path)[0] is None
    assert occupancy.group_limit(tmp_path / "none")[0] is None


def test_servers_get_ports_that_outgoing_connections_never_have(tmp_path: Path) -> None:
    given_range = tmp_path / "range"
    given_range.write_text("32768\t60999\n")
    assert ports.server_range(given_range) == (10_000, 32_767)
    given_range.write_text("1024 65535\n")
    assert ports.server_range(given_range) == (10_000, 32_767)
    given_range.write_text("49152 65535\n")
    assert ports.server_range(given_range) == (10_000, 49_151)


def test_routes_come_back_from_their_file_and_a_damaged_one_is_empty(tmp_path: Path) -> None:
    path = tmp_path / "routes.yaml"
    routes = RouteFile(str(path))
    path.write_text("# JupyterHub writes the routes here.\n")
    assert routes.load() == {}
    routes.atomic_dump({"http": {"routers": {"a": {"rule": "PathPrefix(`/ü/`)"}}}})
    assert routes.load() == {"http": {"routers": {"a": {"rule": "PathPrefix(`/ü/`)"}}}}
    assert [file.name for file in tmp_path.iterdir()] == ["routes.yaml"]
    assert path.stat().st_mode & 0o777 == 0o600
    json.loads(path.read_text())


def test_every_mend_of_jupyterhub_finds_what_it_mends() -> None:
    assert all(tuning.apply().values())
    assert all(tuning.apply().values())  # and a second time changes nothing


def test_the_quick_hash_is_still_a_hash_that_jupyterhub_compares() -> None:
    from jupyterhub.oauth import provider
    from jupyterhub.utils import compare_token

    tuning.apply()
    stored = provider.hash_token("secret")
    assert stored.split(":")[1] == "1"
    assert compare_token(stored, "secret")
    assert not compare_token(stored, "other")


def test_a_remembered_user_is_the_one_that_the_database_has() -> None:
    from jupyterhub import orm

    tuning.apply()
    session = orm.new_session_factory("sqlite://")()
    assert orm.User.find(session, "anna") is None
    anna = orm.User(name="anna")
    session.add(anna)
    session.commit()
    assert orm.User.find(session, "anna") is anna
    assert orm.User.find(session, "anna") is anna
    anna.name = "berta"
    session.commit()
    assert orm.User.find(session, "anna") is None
    assert orm.User.find(session, "berta") is anna
    session.delete(anna)
    session.commit()
    assert orm.User.find(session, "berta") is None
    again = orm.User(name="berta")
    session.add(again)
    session.commit()
    assert orm.User.find(db=session, name="berta") is again
