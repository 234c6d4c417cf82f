"""Ending what somebody is logged in with, inside the hub's process: cookies, tokens, and, where asked, their server.

A command writes the order into the accounts file; the hub looks at that file every second and carries the order out. So
it also happens where the hub was just being started, and on both targets alike.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

from jupyterhub import orm

from .accounts import SERVER, Accounts
from .accounts_file import AccountsDamagedError
from .bounds import is_servers_own
from .notes import Notes

_LOOK_EVERY = 1.0


class Orders:
    """The orders to end sessions, as one hub carries them out."""

    def __init__(self, app: Any, accounts: Accounts, notes: Notes) -> None:
        self._app = app
        self._accounts = accounts
        self._notes = notes
        self._trouble = ""
        self._one_at_a_time = asyncio.Lock()

    async def follow(self, after: Any) -> None:
        """Carry out every order, for as long as the hub runs. `after` is called at each look."""
        while True:
            await asyncio.sleep(_LOOK_EVERY)
            try:
                after()
                for name in self._accounts.to_end():
                    await self.carry_out(name)
                self._tell("")
            except asyncio.CancelledError:
                raise
            except AccountsDamagedError as error:
                self._tell(f"{error}. Nobody can log in.")
            except Exception as error:  # whatever it was, the next look tries again
                self._app.db.rollback()
                self._tell(f"Sessions could not be ended ({type(error).__name__}: {error}); trying again.", error)

    def _tell(self, trouble: str, error: Exception | None = None) -> None:
        """Say what goes wrong in the log and in `status`: once, not at every look."""
        with contextlib.suppress(OSError):  # a full disk is told in other ways
            self._notes.write(trouble=trouble)
        if trouble and trouble != self._trouble:
            self._app.log.error("%s", trouble, exc_info=error)
        self._trouble = trouble

    async def carry_out(self, name: str) -> None:
        """End what was ordered to end for this name. Done at a log-in too: an older order must not end the new one."""
        async with self._one_at_a_time:
            what = self._accounts.to_end().get(name)
            if what is not None:
                since = float((self._accounts.find(name) or {}).get("since", 0))
                await end(self._app, name, server_too=what == SERVER)
                self._accounts.ended(name, since)


async def end(app: Any, name: str, *, server_too: bool) -> None:
    """End everything that this participant is logged in with; without `server_too` their server and kernels go on."""
    found = orm.User.find(app.db, name)
    if found is None:
        return
    user = app.users[found]
    if server_too:
        for server_name, spawner in list(user.spawners.items()):
            if spawner.active:
                await app.proxy.delete_user(user, server_name)
                await user.stop(server_name)
    forget(app.db, found, servers_token_too=server_too)
    user._auth_refreshed = None
    app.log.info("%s: sessions%s ended", name, " and server" if server_too else "")


def forget(db: Any, found: Any, *, servers_token_too: bool) -> None:
    """Make every cookie and token of a user void."""
    found.cookie_id = orm.new_token()
    for token in list(found.api_tokens):
        if servers_token_too or not is_servers_own(token):
            db.delete(token)
    for code in db.query(orm.OAuthCode).filter(orm.OAuthCode.user_id == found.id):
        db.delete(code)
    db.commit()
