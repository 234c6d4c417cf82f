"""A whole hub in one container: two participants, what it says of itself, and what is refused."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from skrt_hub.bench.participant import Journey, Participant
from tests.support.same_answer import CELL, expected

from .conftest import PASSWORD, Container, docker, running, walk

SEEN_IN_A_CONTAINER = {"host_processes", "kernel_tables", "loopback_services", "metadata"}
"""What docs/how-to/container.md says of a plain container: names of programs, and its network, are shared."""


def test_two_participants_come_to_a_ct_slice(hub: Container) -> None:
    hub.let_in("anna", "chen")
    assert all(journey.arrived for journey in asyncio.run(walk(hub.url, "anna", "chen")))


def test_a_registration_gives_what_it_gives_elsewhere(hub: Container) -> None:
    hub.let_in("dora")

    async def register() -> None:
        async with Participant(hub.url, "dora", PASSWORD) as person:
            await person.enter(Journey("dora"))
            await person.execute(f"{CELL}\nassert {expected()!r} in (None, digest.hexdigest()), digest.hexdigest()")

    asyncio.run(register())


def test_the_first_start_makes_the_organisers_code(hub: Container) -> None:
    assert "First log-in of the organiser organiser, with the code:" in docker("logs", hub.name).stdout


def test_check_finds_a_sandbox_and_asks_for_no_rights(hub: Container) -> None:
    said = hub.hub("check", "--json", check=False).stdout
    finding = next(one for one in json.loads(said)["findings"] if one["name"] == "sandbox")
    assert finding["ok"]
    assert "Landlock" in finding["found"]
    assert "privileged" not in said


def test_the_environment_passes_the_self_test(hub: Container) -> None:
    assert hub.hub("verify", "--quick", "--json").returncode == 0


def test_attempts_to_get_out_are_refused(hub: Container) -> None:
    rows: list[dict[str, Any]] = json.loads(hub.hub("audit", "--no-limits", "--json", check=False).stdout)["rows"]
    assert len(rows) > 20
    wrong = {row["probe"]: row["why"] for row in rows if row["outcome"] in ("reachable", "not tried")}
    assert set(wrong) <= SEEN_IN_A_CONTAINER, wrong


def test_a_new_container_has_everything_of_the_old_one(hub: Container) -> None:
    write = (
        "from pathlib import Path; p = next(Path('/var/lib/skrt-hub').glob('*/homes/anna')); (p / 'kept.txt').touch()"
    )
    docker("exec", hub.name, "/opt/skrt-hub/bin/python", "-c", write)
    hub.anew()
    assert all(journey.arrived for journey in asyncio.run(walk(hub.url, "anna")))
    assert "kept.txt" in docker("exec", hub.name, "sh", "-c", "ls /var/lib/skrt-hub/*/homes/anna").stdout


@pytest.mark.long
@pytest.mark.parametrize(
    "options",
    [("--security-opt", "seccomp=unconfined", "--security-opt", "systempaths=unconfined"), ("--cap-add", "SYS_ADMIN")],
    ids=["unconfined", "administrator"],
)
def test_a_container_with_more_rights_takes_the_stronger_sandbox(options: tuple[str, ...]) -> None:
    with running(*options) as hub:
        said = json.loads(hub.hub("check", "--json", check=False).stdout)["findings"]
        assert next(one["found"] for one in said if one["name"] == "sandbox") == "works"
        hub.let_in("anna", "chen")
        assert all(journey.arrived for journey in asyncio.run(walk(hub.url, "anna", "chen")))
        rows = json.loads(hub.hub("audit", "--no-limits", "--json", check=False).stdout)["rows"]
        wrong = {row["probe"]: row["why"] for row in rows if row["outcome"] in ("reachable", "not tried")}
        assert set(wrong) <= SEEN_IN_A_CONTAINER - {"host_processes"}, wrong
