"""JupyterHub's authenticator for names with passwords: one-time codes, a class's word, or the first use of a name."""

from __future__ import annotations

import asyncio
import contextlib
import errno
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from jupyterhub import orm
from jupyterhub.auth import Authenticator
from tornado import web  # type: ignore[attr-defined]
from traitlets import Bool, Callable, Dict, Integer, Unicode

from . import activity, bounds, claims, error_pages, managers, organisers, sessions
from .accounts import Accounts, Entry, Proof
from .accounts_file import AccountsDamagedError
from .brake import Brake, place_of
from .certificate_pages import certificate_handlers
from .handlers import handlers
from .names import NameRefusedError, likeness, normalised
from .notes import Notes
from .pages import Look, Pages
from .refusals import ChoosePassword, Refused
from .tally import Tally

_NO_GUESS = ("disabled", "closed", "new_name", "looks_alike", "lost", "not_listed", "provider_away")


class AccountsAuthenticator(Authenticator):  # type: ignore[misc]
    """Log-in with a name and a password that its owner chose; see skrt_hub.login."""

    kind = Unicode("first-use", help="first-use, codes, class-password, oidc, ldap or lti.").tag(config=True)
    accounts_file = Unicode(help="The JSON file of names and password hashes.").tag(config=True)
    shortest_password = Integer(8, help="Fewest characters of a new password.").tag(config=True)
    anyone = Bool(True, help="Whether a name that is not listed may be taken by its first user.").tag(config=True)
    has_home = Callable(None, allow_none=True, help="Whether a name has a home; None: unknown.").tag(config=True)
    look = Dict(help="What an organiser chose for the pages (skrt_hub.login.pages.Look).").tag(config=True)
    authority_file = Unicode(help="The certificate of the hub's own authority (PEM), if any.").tag(config=True)

    # A look at the accounts costs next to nothing, so each request that comes later than this asks again.
    auth_refresh_age = 1
    refresh_pre_spawn = True
    any_allow_config = True

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        activity.need_not_be_noted()
        bounds.keep()
        error_pages.keep()
        self.accounts = Accounts(Path(self.accounts_file))
        self.brake = Brake()
        self.tally = Tally(self.log.warning)
        self.pages = Pages(Look(**self.look))
        # Two at a time: a class that logs in together must not push everything else off the processors.
        self._pool = ThreadPoolExecutor(max_workers=2, thread_name_prefix="password")
        self._unbraked: dict[str, float] = {}
        self._notes = Notes(Path(self.accounts_file))
        self._orders: sessions.Orders | None = None
        self._duty: asyncio.Task[None] | None = None

    # Names

    def normalize_username(self, username: str) -> str:
        """One spelling for each name; a name that cannot be used becomes the empty one, which nobody has."""
        try:
            return normalised(username)
        except NameRefusedError:
            return ""

    def validate_username(self, username: str) -> bool:
        """Whether `username` is a name that `normalised` gives back unchanged."""
        try:
            return bool(username) and normalised(username) == username
        except NameRefusedError:
            return False

    # Who may be here

    def standing(self, name: str) -> str:
        """`ok`, `disabled`, `closed` for participants of a closed hub, or `stranger`: not on the list, or removed."""
        entry: Entry = self.accounts.find(name) or {}
        if entry.get("locked") or not (self.anyone or self.is_member(entry)):
            return "stranger"
        if entry.get("disabled"):
            return "disabled"
        return "closed" if self.accounts.closed and not organisers.organises(entry) else "ok"

    def is_member(self, entry: Entry) -> bool:
        """Whether an account belongs here where not everybody does."""
        return bool(entry.get("listed"))

    def rule_stamp(self) -> str:
        """By which rule a log-in provider's word counts; here by none."""
        return ""

    def is_over(self, name: str) -> bool:
        """Whether whoever is logged in has to log in again, for reasons of time; a cookie's own age counts besides."""
        return False

    def check_allowed(self, username: str, authentication: Any = None) -> bool:
        """JupyterHub's question after `authenticate`; the list of accounts is the only one that counts."""
        return self.standing(username) == "ok"

    def is_admin(self, handler: Any, authentication: Any) -> bool:
        """Nobody is JupyterHub's administrator, unless the hub's configuration says so; see managers.py."""
        return authentication["name"] in self.admin_users

    def add_user(self, user: Any) -> None:
        """Somebody logs in for the first time; an organiser or a helper may go to the class's page at once."""
        super().add_user(user)
        db = getattr(user, "db", None)
        with contextlib.suppress(AccountsDamagedError):  # then nobody logs in, and the log says so
            if db is not None and organisers.role_of(self.accounts.find(user.name) or {}):
                managers.give_roles(db, self.accounts.all())

    async def refresh_user(self, user: Any, handler: Any = None) -> bool | dict[str, Any]:
        """Whether somebody who is logged in still may be: asked at each page, and before a server starts."""
        try:
            standing = self.standing(user.name)
            ends = standing == "closed" or (standing == "ok" and self.is_over(user.name))
            if (ends and not _goes_on(handler)) or standing not in ("ok", "closed"):
                return False
            admin = self.is_admin(handler, {"name": user.name})
        except AccountsDamagedError:
            return False
        return True if user.admin == admin else {"name": user.name, "admin": admin}

    def pre_spawn_start(self, user: Any, spawner: Any) -> None:
        """The last question before a server starts, whoever asked for it and however long ago: not for somebody who
        was disabled or taken off the list meanwhile. Raises web.HTTPError.
        """
        with self._refusing():
            standing = self.standing(user.name)
        if standing not in ("ok", "closed"):
            raise web.HTTPError(403, f"{user.name} may have no server ({standing})")

    # Logging in

    async def authenticate(self, handler: Any, data: dict[str, str]) -> str:
        """The normalised name. Raises Refused with what the page shows, or ChoosePassword after a valid code."""
        try:
            name = normalised(data.get("username", ""))
        except NameRefusedError as refused:
            raise Refused(403, str(refused)) from None
        place, known = _place(handler, name)
        pause = self.brake.begin(name, place, known=known)
        if pause > 0:
            self._note(name, handler, "has to wait")
            raise Refused(429, "wait", seconds=int(pause) + 1)
        try:
            found = await self._examined(handler, name, data.get("password", ""))
        except Refused as refused:
            self._note(name, handler, refused.key)
            if refused.key in _NO_GUESS:
                self.brake.passed(name, place, known=known)
            raise
        except ChoosePassword:
            self.brake.passed(name, place, known=known)
            raise
        self.brake.passed(name, place, known=known)
        if self._orders is not None:
            with self._refusing():
                await self._orders.carry_out(name)
        return found

    async def _examined(self, handler: Any, name: str, secret: str) -> str:
        standing = await self.in_pool(self.standing, name)
        proof = await self.examine(name, secret)
        wrong = "wrong_first-use" if self.kind == "first-use" and self.anyone else "wrong"
        if standing == "stranger" or proof.kind == "wrong":
            raise Refused(403, wrong)
        if standing == "disabled":  # told to its owner only
            raise Refused(403, "disabled" if proof.kind != "new" else wrong)
        if standing == "closed":
            raise Refused(403, "closed")
        if proof.kind == "new" or (proof.kind == "code" and not proof.own):
            await self._refuse_lost(handler, name)
            self._refuse_alike(name)
        if proof.kind == "code":
            raise ChoosePassword(name, proof.mark)
        if proof.kind == "new":
            return await self._first_use(name, secret, proof)
        return name

    async def _refuse_lost(self, handler: Any, name: str) -> None:
        """A home whose account is gone (a file lost, a restore that had only homes) is for nobody who comes first."""
        user = handler.find_user(name) if handler is not None else None
        was_here = user is not None and user.orm_user.last_activity is not None
        if not was_here and not (self.has_home is not None and self.has_home(name)):
            return
        if name in await self.in_pool(self.accounts.decided):
            return
        self.log.warning("%s: refused, because the name has a home and no account", name)
        raise Refused(403, "lost" if self.kind == "first-use" else "wrong")

    def _refuse_alike(self, name: str) -> None:
        """A new name that looks like somebody's: an organiser would take one for the other. A list may have both."""
        with self._refusing():
            accounts = self.accounts.all()
        if (accounts.get(name) or {}).get("listed"):
            return
        looks = likeness(name)
        if any(other != name and likeness(other) == looks for other in accounts):
            raise Refused(403, "looks_alike")

    async def examine(self, name: str, secret: str) -> Proof:
        """What `secret` is for this name, here and now."""
        examine = partial(self.accounts.examine, class_password=self.kind == "class-password")
        found: Proof = await self.in_pool(examine, name, secret)
        return found

    async def _first_use(self, name: str, password: str, proof: Proof) -> str:
        if self.kind != "first-use":
            raise Refused(403, "wrong")
        if (self.accounts.find(name) or {}).get("role"):
            raise Refused(403, "managers")
        if len(password) < self.shortest_password:
            raise Refused(403, "new_name", shortest=self.shortest_password)
        if await self.in_pool(self.accounts.add, name, password, proof.hashed):
            return name
        if await self.in_pool(self.accounts.check, name, password):
            return name
        raise Refused(403, "wrong")

    async def in_pool(self, function: Any, *arguments: Any) -> Any:
        """Run what takes long beside the hub's own work. Raises Refused where the accounts are damaged."""
        with self._refusing():
            return await asyncio.get_running_loop().run_in_executor(self._pool, function, *arguments)

    @contextmanager
    def _refusing(self) -> Iterator[None]:
        """Refused, in words for the page, for what the accounts file can do to a log-in."""
        try:
            yield
        except AccountsDamagedError as error:
            self.log.error("%s", error)
            raise Refused(500, "damaged") from None
        except OSError as error:
            self.log.error("The accounts could not be read or written: %s", error)
            raise Refused(503, "full" if error.errno in (errno.ENOSPC, errno.EDQUOT) else "unusable") from None

    def _note(self, name: str, handler: Any, words: str) -> None:
        where = handler.request.remote_ip if handler is not None else "-"
        self.log.warning("Log-in as %r from %s refused: %s", name, where, words)

    # The hub's side

    def get_handlers(self, app: Any) -> list[tuple[str, Any]]:
        """The pages of the log-in; also begins to follow the accounts file."""
        self.follow_accounts(app)
        return [*handlers(), *certificate_handlers(), *error_pages.handlers()]

    def follow_accounts(self, app: Any) -> None:
        """Do what the accounts file asks for, as long as the hub runs."""
        with contextlib.suppress(AccountsDamagedError, OSError):  # then nobody logs in, and the log says so
            self.accounts.update(partial(claims.drop_others, stamp=self.rule_stamp()))
        self.tally.watch(app.log)
        self._orders = sessions.Orders(app, self.accounts, self._notes)
        self._duty = asyncio.ensure_future(self._orders.follow(partial(self._look_round, app)))

    def _look_round(self, app: Any) -> None:
        """Forget the tries at names that an organiser unlocked, and write down which names are under attack."""
        self.tally.end_minutes()
        managers.take_rights(app, self.admin_users.__contains__)
        accounts = self.accounts.all()
        managers.give_roles(app.db, accounts)
        for name, entry in accounts.items():
            if entry.get("unbrake", 0) > self._unbraked.get(name, 0):
                self._unbraked[name] = entry["unbrake"]
                self.brake.clear(name)
        self._notes.write(attempts=self.brake.under_attack())


def _goes_on(handler: Any) -> bool:
    """Whether a request is one that the hub answers also when it is closed, or when a log-in is over: a server's word
    that it is used, or an order of the hub's.
    """
    if handler is None:
        return False
    by_service = isinstance(getattr(handler, "_jupyterhub_user", None), orm.Service)
    return by_service or handler.request.path.endswith("/activity")


def _place(handler: Any, name: str) -> tuple[str, bool]:
    """Where a try comes from, and whether that is a browser that was this person's before."""
    if handler is None:
        return "", False
    if not hasattr(handler, "place_of"):  # JupyterHub's own interface takes names and passwords, too
        return place_of(str(handler.request.remote_ip)), False
    found: tuple[str, bool] = handler.place_of(name)
    return found
