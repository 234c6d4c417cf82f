"""Log-in with a name and a password of an institution's directory (LDAP). The hub keeps no password."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from traitlets import Dict, Unicode

from . import claims, error_pages
from .certificate_pages import certificate_handlers
from .directory import Directory, DirectoryError, Found
from .elsewhere import ElsewhereAuthenticator
from .handlers import handlers
from .refusals import Refused

_AT_ONCE = 8


class DirectoryAuthenticator(ElsewhereAuthenticator):
    """Names that a directory vouches for."""

    directory = Dict(help="Where it is, and how people are found (skrt_hub.login.directory).").tag(config=True)
    password_file = Unicode(help="The file of the password with which the hub looks for people.").tag(config=True)

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        # Not the threads of the accounts: who is logged in goes on, also when the directory does not answer.
        self._askers = ThreadPoolExecutor(max_workers=_AT_ONCE, thread_name_prefix="directory")

    async def _examined(self, handler: Any, name: str, secret: str) -> str:
        if not secret or "\0" in secret:  # before the directory is asked, which would let nobody in particular in
            raise Refused(403, "wrong_ldap")
        try:
            found = await asyncio.get_running_loop().run_in_executor(self._askers, self._prove, name, secret)
        except (DirectoryError, OSError) as error:
            self.log.error("The directory %s cannot be asked: %s", self.directory.get("server"), error)
            raise Refused(502, "provider_away", provider=self.login_service) from None
        if found is None:
            raise Refused(403, "wrong_ldap")
        return await self.admit(_visitor(Directory.of(self.directory).host, found), handler)

    def _prove(self, name: str, secret: str) -> Found | None:
        groups = self.whom.groups
        kept = Path(self.password_file).read_text(encoding="utf-8").strip("\r\n") if self.password_file else ""
        return Directory.of(self.directory).prove(name, secret, kept, groups)

    def get_handlers(self, app: Any) -> list[tuple[str, Any]]:
        """The pages of the log-in; also begins to follow the accounts file."""
        self.follow_accounts(app)
        return [*handlers(own_passwords=False), *certificate_handlers(), *error_pages.handlers()]


def _visitor(host: str, found: Found) -> claims.Visitor:
    """Somebody as the directory describes them. People cannot choose the name with which they log in there."""
    named = claims.usable(found.name)
    return claims.Visitor(
        provider=f"ldap:{host}",
        subject=found.mark,
        shown=found.shown,
        email=claims.address(found.email),
        named=named,
        groups=found.groups,
        wish=named or found.shown,
    )
