"""Nobody is JupyterHub's administrator: those can read everybody's files and become anybody.

Only the hub's own configuration can say otherwise (`Authenticator.admin_users`). Who organises the class is in the
accounts, so a change of it needs no restart; it gives a right to the class's page, and none over others' servers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from jupyterhub import orm, roles

from .organisers import ROLE, role_of


def take_rights(app: Any, is_administrator: Callable[[str], bool]) -> None:
    """Take an administrator's rights from everybody who has them from an older hub, or by a change of its database."""
    role = orm.Role.find(app.db, "admin")
    has_them = orm.User.admin if role is None else orm.User.admin | orm.User.roles.any(id=role.id)
    for user in app.db.query(orm.User).filter(has_them):
        if not is_administrator(user.name):
            user.admin = False
            roles.assign_default_roles(app.db, entity=user)  # takes the role away
            app.db.commit()
            app.log.warning("%s: is no administrator of JupyterHub any more", user.name)


def give_roles(db: Any, accounts: Mapping[str, Mapping[str, Any]]) -> None:
    """Give the way to the class's page to those, and only those, who have a role there and have logged in before."""
    role = orm.Role.find(db, ROLE)
    if role is None:  # the hub's configuration is another's
        return
    wanted = {name for name, entry in accounts.items() if role_of(entry)}
    have = {user.name for user in role.users}
    for name in have - wanted:
        roles.strip_role(db, entity=orm.User.find(db, name), rolename=ROLE)
    for name in wanted - have:
        user = orm.User.find(db, name)
        if user is not None:
            roles.grant_role(db, entity=user, rolename=ROLE)
