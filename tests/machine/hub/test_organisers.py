"""What organisers may do in JupyterHub itself: no more than participants; also those whom an older hub made more."""

from __future__ import annotations

import json
import sqlite3
import urllib.error
from collections.abc import Callable
from contextlib import closing

import pytest

from tests.support.hubs import Hub, Person

ANNAS = "users/anna"


def organiser(hub: Hub, name: str = "maria") -> Person:
    """An organiser of a running hub, logged in."""
    hub.run("participants", "password", name, input="a good sentence\n")
    person = hub.person(name, "a good sentence")
    person.log_in()
    return person


def refused(person: Person, method: str, path: str, document: object = None) -> int:
    with pytest.raises(urllib.error.HTTPError) as error:
        person.hub_api(method, path, document)
    return error.value.code


def nothing_of_others(maria: Person) -> None:
    """Assert that JupyterHub shows her nobody else, and takes no orders about them."""
    assert maria.get("hub/admin")[0] == 403
    assert maria.get("user/anna/api/contents")[0] in (403, 404)
    assert maria.get("hub/user/anna/lab")[0] in (403, 404)
    for method, path in (
        ("GET", "users"),
        ("GET", ANNAS),
        ("DELETE", f"{ANNAS}/server"),
        ("POST", f"{ANNAS}/tokens"),
        ("PATCH", ANNAS),
        ("DELETE", ANNAS),
        ("POST", "users/somebody"),
        ("POST", "shutdown"),
        ("GET", "proxy"),
    ):
        document = {"admin": True} if method == "PATCH" else {} if method == "POST" else None
        assert refused(maria, method, path, document) in (403, 404), (method, path)


@pytest.mark.long
def test_an_organiser_is_no_administrator_also_where_an_older_hub_made_one(make_hub: Callable[..., Hub]) -> None:
    hub = make_hub(organisers=["maria"])
    hub.run("up")
    anna, maria = hub.at_work("anna"), organiser(hub)
    nothing_of_others(maria)
    hub.run("stop")
    with closing(sqlite3.connect(hub.state / "hub" / "jupyterhub.sqlite")) as database, database:
        (role,) = database.execute("select id from roles where name = 'admin'").fetchone()
        (user,) = database.execute("select id from users where name = 'maria'").fetchone()
        database.execute("update users set admin = 1 where id = ?", (user,))
        database.execute("insert into user_role_map (user_id, role_id, managed_by_auth) values (?, ?, 0)", (user, role))
    hub.run("start")
    maria.log_in()
    nothing_of_others(maria)
    anna.log_in()
    assert anna.get("hub/admin")[0] == 403
    names = {person["name"] for person in json.loads(hub.run("participants", "--json").stdout)["participants"]}
    assert names == {"anna", "maria"}
