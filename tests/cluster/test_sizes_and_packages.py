"""Sizes of servers, packages of the class and packages of a participant, on a real cluster."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser

from skrt_hub.environment import ensure_environment
from tests.machine.conftest import environments_folder
from tests.machine.hub.test_environment import WITH, laboratory
from tests.machine.hub.test_own_packages import WHEEL, wheel
from tests.support.aside import run_aside
from tests.support.browsers import log_in, picture

from .conftest import Hub
from .participant import Participant
from .test_class import new_page

PROFILES = [
    {"name": "Small", "description": "to look at images", "limits": {"memory": "700 MB", "cpu": 1}},
    {"name": "Large", "description": "for registrations", "limits": {"memory": "3 GB", "cpu": 2}},
]
TELLS = """
import os, pathlib
group, page = pathlib.Path("/sys/fs/cgroup"), os.sysconf("SC_PAGE_SIZE")
files = [group / "memory/memory.limit_in_bytes", group / "memory.max"]
held = [int(file.read_text()) // page for file in files if file.exists()]
limit = int(os.environ["MEM_LIMIT"])
print(os.environ["OMP_NUM_THREADS"], limit, *(pages == limit // page for pages in held))
"""
"""Threads, the limit as the server is told it, and whether the kernel holds it, which it does in whole pages."""
OWN_IMAGE = not os.environ.get("SKRT_HUB_TEST_IMAGE")


TABLES = {"name": "Tables", "environment": "tables"}
ENVIRONMENT = {
    "packages": ["tabulate", "uncertainties>=3"],
    "scikit_rt": {"git": "laboratory", "at": "course"},
    "others": [{"name": "tables", "packages": ["prettytable"], "fork_server": True}],
}
IN_TABLES = """
import importlib.util, os, sys, prettytable, numpy, skrt
assert sys.prefix == "/opt/environments/tables", sys.prefix
assert importlib.util.find_spec("uncertainties") is None and not hasattr(skrt, "COURSE")
print(sys.prefix, os.getppid())
"""


@pytest.fixture(scope="module")
def room(hub: Hub) -> Iterator[Hub]:
    """The hub with sizes of servers, packages and a scikit-rt of the organiser's own, and a further environment."""
    if OWN_IMAGE:
        laboratory(ensure_environment(environments_folder()), hub.folder / "laboratory")
        hub.configure(profiles=[*PROFILES, TABLES], environment=ENVIRONMENT)
    else:
        hub.configure(profiles=PROFILES)
    hub.run("up")
    yield hub
    hub.configure()
    hub.run("up")


def sizes(hub: Hub) -> dict[str, str]:
    return {server["name"]: server["profile"] for server in hub.run("status")["servers"]}


async def at_work(hub: Hub, name: str, code: str, *, kernel: str = "python3", **options: Any) -> str:
    """Log in, start a server with these options where none runs, run a cell."""
    async with Participant(hub.url, name) as one:
        await one.log_in()
        status, told = await one.start(options)
        assert status in (201, 202, 400), told  # 400: it runs
        await one.server()
        return await one.run(code, kernel=kernel)


def test_a_size_is_chosen_in_the_form_and_held_by_the_pod(room: Hub, browser: Browser) -> None:
    page = new_page(browser)
    log_in(page, room.url, "nora", Participant.password, "hub/spawn")
    page.wait_for_selector("#kubespawner-profiles-list")
    assert page.is_checked("#profile-item-small"), "the first is for who does not choose"
    assert "for registrations (3 GB Arbeitsspeicher, 2 Prozessoren)" in page.inner_text("#kubespawner-profiles-list")
    picture(page, "sizes-on-kubernetes", whole=True)
    page.click("label[for=profile-item-large]")
    page.click("form input[type=submit], form button[type=submit]", no_wait_after=True)
    page.wait_for_selector("#jp-main-dock-panel")
    assert run_aside(at_work(room, "nora", TELLS)).split() == ["2", "3000000000", "True"]
    assert run_aside(at_work(room, "olaf", TELLS)).split() == ["1", "700000000", "True"]
    assert sizes(room) == {"nora": "Large", "olaf": "Small"}


def test_a_size_that_there_is_not_is_refused_and_nothing_else_can_be_asked_for(room: Hub) -> None:
    async def forge(options: dict[str, Any]) -> tuple[int, str]:
        async with Participant(room.url, "pia") as pia:
            await pia.log_in()
            return await pia.start(options)

    for forged in ("huge", ["large"], {"memory": 2**40}):
        status, told = run_aside(forge({"profile": forged}))
        assert status >= 400
        assert "There is no such size of server" in told
        assert "pia" not in sizes(room)
    more = {"memory": "900 GB", "image": "other", "mem_limit": "900G", "kubespawner_override": {"mem_limit": "900G"}}
    told = run_aside(at_work(room, "pia", TELLS, profile="large", **more))
    assert told.split()[1:] == ["3000000000", "True"]
    assert sizes(room)["pia"] == "Large"


@pytest.mark.skipif(not OWN_IMAGE, reason="a published image takes no packages")
def test_the_classs_own_packages_and_scikit_rt_are_a_layer_of_the_image(room: Hub) -> None:
    told = run_aside(at_work(room, "nora", f"{WITH}\nprint(tabulate.__file__, skrt.__file__)"))
    assert [path.startswith("/opt/skrt/") for path in told.split()] == [True, True]
    lock = (room.folder / "hub.lock.txt").read_text(encoding="utf-8")
    assert "tabulate==" in lock
    assert "# own scikit-rt 0.8.3 git " in lock


@pytest.mark.skipif(not OWN_IMAGE, reason="a published image takes no packages")
def test_a_further_environment_is_a_profile_and_a_kernel(room: Hub) -> None:
    assert run_aside(at_work(room, "tess", IN_TABLES, profile="tables")).split()[0] == "/opt/environments/tables"
    assert sizes(room)["tess"] == "Tables"
    # The other way round: beside the first environment it is a kernel.
    assert "/opt/environments/tables" in run_aside(at_work(room, "nora", IN_TABLES, kernel="tables"))
    # `verify` looks at it, too.
    rows = room.run("verify", "--quick")["rows"]
    assert {row["environment"] for row in rows} == {"", "tables"}


def test_a_participants_packages_are_listed_and_moved_aside_with_a_way_back(room: Hub) -> None:
    install = (
        f"import pathlib; pathlib.Path.home().joinpath({WHEEL!r}).write_bytes({wheel()!r})\n"
        f"%pip install --no-index /home/jovyan/{WHEEL}\nimport mine\nassert '/.local/' in mine.__file__\n"
    )
    run_aside(at_work(room, "nora", install))
    listed = room.run("packages", "list", "nora", "olaf")["homes"]
    found = {row["name"]: [(one["name"], one["version"]) for one in row["packages"]] for row in listed}
    assert found == {"nora": [("mine", "1.0")], "olaf": []}
    (done,) = room.run("packages", "reset", "nora")["homes"]
    assert done["moved"]
    gone = "import importlib.util; print(importlib.util.find_spec('mine'))"
    assert run_aside(at_work(room, "nora", gone)).strip() == "None"
    # Without a server a pod of its own holds the home meanwhile.
    room.run("participants", "restart", "nora")
    back = f"import os; os.rename({done['moved'][0]['now']!r}, {done['moved'][0]['path']!r})"
    run_aside(at_work(room, "nora", f"%cd -q ~\n{back}\n"))
    stop_server(room, "nora")
    (row,) = room.run("packages", "list", "nora")["homes"]
    assert [one["name"] for one in row["packages"]] == ["mine"]


def stop_server(hub: Hub, name: str) -> None:
    async def act() -> None:
        async with Participant(hub.url, name) as one:
            await one.log_in()
            await one.stop_server()
            while name in await asyncio.to_thread(sizes, hub):
                await asyncio.sleep(1)

    run_aside(act())
