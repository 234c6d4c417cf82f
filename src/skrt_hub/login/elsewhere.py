"""Names that somebody else vouches for: what is alike for every kind of log-in without a password of the hub's.

Which name that is, and whether it may come in, is decided here (skrt_hub.login.claims), in the accounts file, as with
every other kind of log-in.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from jupyterhub import orm
from traitlets import Dict, Integer, Unicode

from . import claims
from .accounts import Entry
from .authenticator import AccountsAuthenticator
from .refusals import Refused


class ElsewhereAuthenticator(AccountsAuthenticator):
    """Log-in with an account that is kept elsewhere."""

    login_service = Unicode(help="What people call the place of their accounts.").tag(config=True)
    rule = Dict(help="Who may come in (skrt_hub.login.claims.Rule).").tag(config=True)
    session = Integer(12 * 3600, help="Seconds after which somebody has to log in again.").tag(config=True)

    @property
    def whom(self) -> claims.Rule:
        """Who may come in."""
        return claims.Rule.of(self.rule)

    def rule_stamp(self) -> str:
        """What was decided by another rule counts no more."""
        return self.whom.stamp

    def is_member(self, entry: dict[str, Any]) -> bool:
        """Whether somebody belongs here: by the list, or by what was said of them at the last log-in."""
        return bool(entry.get("listed") or claims.admitted_as(entry))

    def is_over(self, name: str) -> bool:
        """Whether they have to prove again who they are: nobody tells the hub when an account elsewhere ends."""
        return self._is_over(self.accounts.find(name) or {})

    def _is_over(self, entry: Entry) -> bool:
        return claims.is_over(entry, self.session, time.time())

    def _look_round(self, app: Any) -> None:
        self.accounts.end_log_ins(self._is_over)
        super()._look_round(app)

    async def admit(self, who: claims.Visitor, handler: Any) -> str:
        """The name of whoever proved who they are. Raises Refused with what the page shows."""
        name = await self.in_pool(self._name_of, who, _known_to_the_hub(handler))
        if name is None:
            self._note(who.shown or who.identity, handler, "not on the list")
            raise Refused(403, "not_listed", shown=who.shown or "?", provider=self.login_service)
        standing = await self.in_pool(self.standing, name)
        if standing != "ok":
            self._note(name, handler, standing)
            key = "not_listed" if standing == "stranger" else standing
            raise Refused(403, key, shown=who.shown or name, provider=self.login_service)
        if self._orders is not None:
            with self._refusing():
                await self._orders.carry_out(name)
        return str(name)

    def _name_of(self, who: claims.Visitor, in_hub: Callable[[str], bool]) -> str | None:
        def is_taken(name: str) -> bool:
            return in_hub(name) or bool(self.has_home is not None and self.has_home(name))

        now = time.time()
        return self.accounts.update(lambda entries: claims.take_in(who, self.whom, entries, is_taken, now))


def _known_to_the_hub(handler: Any) -> Callable[[str], bool]:
    """Whether JupyterHub knows a name; on Kubernetes, where homes cannot be seen from here, that tells of them."""
    known = {name for (name,) in handler.db.query(orm.User.name)}
    return known.__contains__
