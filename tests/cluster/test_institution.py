"""Log-in at an institution on a real cluster: codes to the institution and back, homes kept, organisers by group.

The provider runs beside the tests. Log-in providers without encryption are believed on loopback only, so a further
container in the hub's pod carries its 127.0.0.1 to this machine.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
from ruamel.yaml import YAML

from tests.support.aside import run_aside
from tests.support.hubs import Refused
from tests.support.institution import SECRET, Institution, Member, institution

from .conftest import CHART, Hub, this_machine
from .participant import Participant
from .test_class import set_password

NAME, PORT = "skrt-hub-campus", 8771
PASSWORD = "a long enough password"
CARRIER = """
import asyncio, sys
port, host = int(sys.argv[1]), sys.argv[2]
async def carry(reader, writer):
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    finally:
        writer.close()
async def take(reader, writer):
    there = await asyncio.open_connection(host, port)
    await asyncio.gather(carry(reader, there[1]), carry(there[0], writer), return_exceptions=True)
async def main():
    server = await asyncio.start_server(take, "127.0.0.1", port)
    await server.serve_forever()
asyncio.run(main())
"""


@pytest.fixture(scope="module")
def campus() -> Iterator[Institution]:
    with institution(listen="0.0.0.0") as there:
        yield there


@pytest.fixture(scope="module")
def room(campus: Institution, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    """A hub of its own with codes, where anna and ben have work and an organiser a password."""
    one = Hub(tmp_path_factory.mktemp("campus"), name=NAME, port=PORT)
    subprocess.run(["kubectl", "delete", "namespace", NAME, "--ignore-not-found"], check=True, timeout=200)
    (one.folder / "secret").write_text(f"{SECRET}\n", encoding="utf-8")
    (one.folder / "secret").chmod(0o600)
    with_codes(one, campus)
    one.run("up")
    for name in ("anna", "ben"):
        set_password(one, name, PASSWORD)
        assert run_aside(visit(one, name, write=f"by {name}")) == f"by {name}"
    yield one
    one.run("delete", "--volumes", "--namespace", "--no-copies", "--confirm", NAME)


def with_codes(hub: Hub, campus: Institution, participants: Any = ("anna", "ben")) -> None:
    hub.configure(
        login={"kind": "codes"}, participants=list(participants), kubernetes={"values": carried(campus.issuer)}
    )


def at_campus(hub: Hub, campus: Institution, participants: Any, **login: Any) -> None:
    kind = {"kind": "oidc", "issuer": campus.issuer, "client_id": "skrt-hub", "client_secret_file": "secret"}
    groups = {"participant_groups": ["course"], "organiser_groups": ["staff"], "provider": "Example University"}
    hub.configure(
        login={**kind, **groups, **login}, participants=participants, kubernetes={"values": carried(campus.issuer)}
    )


def carried(issuer: str) -> dict[str, Any]:
    """The chart's values with a container in the hub's pod that leads to the provider, and with nothing to pull."""
    port = issuer.rpartition(":")[2]
    shown = subprocess.run(["helm", "show", "values", CHART], capture_output=True, check=True, timeout=60).stdout
    image = YAML(typ="safe").load(shown)["hub"]["image"]
    carrier = {
        "name": "campus",
        "image": f"{image['name']}:{image['tag']}",
        "command": ["python3", "-c", CARRIER, port, this_machine()],
        "securityContext": {"runAsUser": 1000},
    }
    return {"prePuller": {"hook": {"enabled": False}}, "hub": {"extraContainers": [carrier]}}


async def visit(hub: Hub, name: str, *, write: str = "") -> str | None:
    """With a password: log in, start the server, write or read the work."""
    async with Participant(hub.url, name, PASSWORD) as one:
        await one.log_in()
        await one.server()
        if write:
            await one.write("work.txt", write)
        return await one.read("work.txt")


def work_of(hub: Hub, sub: str, name: str) -> str:
    """As somebody of the institution: log in, start the server, read the work; empty where there is none."""
    one = Member(hub.url, sub, name)
    one.log_in()
    one.get("hub/spawn")
    one.server(deadline=240)
    status, _, text = one.get(f"user/{name}/files/work.txt")
    return text if status == 200 else ""


def rows(hub: Hub) -> dict[str, dict[str, Any]]:
    return {row["name"]: row for row in hub.run("participants")["participants"]}


def finding(hub: Hub, name: str, code: int = 0) -> str:
    found = {row["name"]: row for row in hub.run("check", code=code)["findings"]}
    return f"{found[name]['found']} {found[name]['remedy']}"


def test_from_codes_to_the_institution_homes_are_kept_and_nobody_gets_anothers(room: Hub, campus: Institution) -> None:
    before = len(room.history())
    at_campus(room, campus, [])
    error = room.run("up", code=12)["error"]
    assert "nobody would get back the homes of anna, ben" in error
    assert len(room.history()) == before
    assert run_aside(visit(room, "anna")) == "by anna", "all is as it was"

    at_campus(
        room, campus, [{"login": "anna", "email": "anna@uni.example"}, {"login": "ben", "known_as": "mark-of-ben"}]
    )
    assert "anna: for whoever proves anna@uni.example at Example University" in finding(room, "homes from before")
    lines = " ".join(room.run("up")["lines"])
    assert f"{room.url}hub/oauth_callback" in lines, "what to register at the provider"
    campus.knows("u-anna", name="Anna", email="anna@uni.example", email_verified=True)
    campus.knows("mark-of-ben", name="Anna", preferred_username="anna", groups=["course"])
    campus.knows("u-ben", name="Ben", preferred_username="ben", groups=["course"])
    campus.knows("u-liar", name="Anna", email="anna@uni.example", email_verified=False)
    with pytest.raises(Refused, match="not on the list"):
        Member(room.url, "u-liar", "?").log_in()
    assert work_of(room, "u-anna", "anna") == "by anna"
    assert work_of(room, "mark-of-ben", "ben") == "by ben"
    assert work_of(room, "u-ben", "ben2") == "", "another Ben gets a name and a home of his own"
    told = rows(room)
    assert {told[name]["log_in"] for name in ("anna", "ben", "ben2")} == {"institution"}
    values = (room.state / "kubernetes" / "values.json").read_text(encoding="utf-8")
    assert SECRET not in values


def test_a_group_alone_makes_organisers_and_their_page(room: Hub, campus: Institution) -> None:
    campus.knows("u-staff", name="Petra Staff", groups=["staff"])
    petra = Member(room.url, "u-staff", "petra.staff")
    petra.log_in()
    assert rows(room)["petra.staff"]["role"] == "organiser"
    status, _, page = petra.get("services/class/?language=en")
    assert status == 200
    assert "anna" in page
    anna = Member(room.url, "u-anna", "anna")
    anna.log_in()
    assert anna.get("services/class/")[0] == 403
    room.run("close")
    assert room.run("status")["state"] == "closed"
    with pytest.raises(Refused):
        Member(room.url, "u-ben", "ben2").log_in()
    assert petra.get("services/class/")[0] == 200
    campus.knows("u-second", name="Paul Staff", groups=["staff"])
    Member(room.url, "u-second", "paul.staff").log_in()
    room.run("open", "--no-browser")
    Member(room.url, "u-ben", "ben2").log_in()


def test_disabled_and_taken_out_people_stay_out(room: Hub) -> None:
    room.run("participants", "disable", "ben2")
    with pytest.raises(Refused, match="switched off"):
        Member(room.url, "u-ben", "ben2").log_in()
    room.run("participants", "enable", "ben2")
    Member(room.url, "u-ben", "ben2").log_in()


def test_back_to_codes_everybody_on_the_list_keeps_the_home(room: Hub, campus: Institution) -> None:
    with_codes(room, campus)
    lost = room.run("up", code=12)["error"]
    assert "ben2" in lost
    with_codes(room, campus, ["anna", "ben", "ben2", "petra.staff", "paul.staff"])
    room.run("up")
    assert run_aside(visit(room, "anna")) == "by anna", "the password from before"
    set_password(room, "ben2", PASSWORD)
    assert run_aside(visit(room, "ben2")) is None
    assert run_aside(visit(room, "ben")) == "by ben"
