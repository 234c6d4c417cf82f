"""Who is an administrator of JupyterHub: nobody, also where an older hub made some."""

from __future__ import annotations

import logging
from types import SimpleNamespace
from typing import Any

import pytest
from jupyterhub import orm, roles

from skrt_hub.login.managers import give_roles, take_rights
from skrt_hub.login.organisers import ROLE
from skrt_hub.policy import class_page


@pytest.fixture
def app() -> Any:
    db = orm.new_session_factory("sqlite:///:memory:")()
    for role in roles.get_default_roles():
        roles.create_role(db, role)
    for name in ("maria", "root", "anna"):
        user = orm.User(name=name, admin=name != "anna")
        db.add(user)
        roles.assign_default_roles(db, entity=user)
    db.commit()
    return SimpleNamespace(db=db, log=logging.getLogger("test"))


def administrators(app: Any) -> set[str]:
    app.db.expire_all()
    by_role = {user.name for user in orm.Role.find(app.db, "admin").users}
    assert by_role == {user.name for user in app.db.query(orm.User) if user.admin}
    return by_role


def test_an_older_hubs_administrators_are_none_any_more(app: Any) -> None:
    assert administrators(app) == {"maria", "root"}
    take_rights(app, {"root"}.__contains__)
    assert administrators(app) == {"root"}
    assert {role.name for role in orm.User.find(app.db, "maria").roles} == {"user"}


def test_a_role_that_was_given_behind_our_back_goes_too(app: Any) -> None:
    roles.grant_role(app.db, entity=orm.User.find(app.db, "anna"), rolename="admin")
    take_rights(app, lambda name: False)
    assert administrators(app) == set()


def holders(app: Any) -> set[str]:
    app.db.expire_all()
    return {user.name for user in orm.Role.find(app.db, ROLE).users}


def test_the_accounts_say_who_may_open_the_classs_page(app: Any) -> None:
    give_roles(app.db, {"maria": {"role": "organiser"}})  # a hub without that role: nothing happens
    app.db.add(orm.Service(name=class_page.NAME))
    roles.create_role(app.db, class_page.organisers_role())
    give_roles(app.db, {"maria": {"role": "organiser"}, "anna": {"role": ""}, "not here yet": {"role": "organiser"}})
    assert holders(app) == {"maria"}
    for entry in ({"role": ""}, {"role": "organiser", "disabled": True}, {"role": "organiser", "locked": True}):
        give_roles(app.db, {"maria": {"role": "organiser"}})
        give_roles(app.db, {"maria": entry})
        assert holders(app) == set()
    give_roles(app.db, {"anna": {"role": "organiser"}})
    assert holders(app) == {"anna"}
