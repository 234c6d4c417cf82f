"""Nobody is JupyterHub's administrator: those can read everybody's files and become anybody.

Only the hub's own configuration can say otherwise (`Authenticator.admin_users`). Who organises the class is in the
accounts, and gives no right over others' servers.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from jupyterhub import orm, roles


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
