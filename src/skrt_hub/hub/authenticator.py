"""The first-use log-in: any new name, with a password that is chosen at the first log-in and asked ever after.

This file stands alone (standard library, tornado and JupyterHub only), because the Kubernetes target hands it to the
chart's hub as it is. Passwords are kept as scrypt hashes (RFC 7914) in one JSON file of mode 0600.
"""

from __future__ import annotations

import asyncio
import base64
import fcntl
import hashlib
import hmac
import json
import os
import secrets
import tempfile
import time
import unicodedata
from collections.abc import Callable as Function
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from jupyterhub.auth import Authenticator
from tornado import web  # type: ignore[attr-defined]
from traitlets import Bool, Callable, Integer, Unicode

LONGEST_NAME = 100
_PUNCTUATION = " ._@+'-"
_SCRYPT = {"n": 2**14, "r": 8, "p": 1}  # 16 MB and some 40 ms a try


class NameRefusedError(ValueError):
    """A name that cannot be used; the text says why."""


class AccountsDamagedError(RuntimeError):
    """The accounts file cannot be read; nobody is let in, and nothing is overwritten."""


def normalised(name: str) -> str:
    """One spelling for each name: compatibility form, lower case, single spaces. Raises NameRefusedError.

    Letters, digits and combining marks of any script are allowed, and `._@+'-` and the space within.
    """
    text = " ".join(unicodedata.normalize("NFKC", name).lower().split())
    text = unicodedata.normalize("NFKC", text)
    if not text:
        raise NameRefusedError("Please type a name.")
    if len(text) > LONGEST_NAME:
        raise NameRefusedError(f"This name is too long; use at most {LONGEST_NAME} characters.")
    for character in text:
        if character not in _PUNCTUATION and unicodedata.category(character)[0] not in "LMN":
            raise NameRefusedError(f"A name cannot contain {character!r}; use letters, digits, spaces and ._@+'-")
    if not any(unicodedata.category(character)[0] in "LN" for character in text):
        raise NameRefusedError("A name needs at least one letter or digit.")
    return text


class Accounts:
    """The accounts of one hub: names and password hashes, in one file that is replaced as a whole."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def names(self) -> list[str]:
        """Every name that has a password."""
        return sorted(name for name, entry in self._read().items() if "hash" in entry)

    def check(self, name: str, password: str) -> bool | None:
        """Whether the password is right; None when the name has none yet."""
        entry = self._read().get(name)
        if entry is None or "open" in entry:
            return None
        if "hash" not in entry:  # locked
            return False
        salt = base64.b64decode(entry["salt"])
        given = _hash(password, salt, entry["n"], entry["r"], entry["p"])
        return hmac.compare_digest(given, base64.b64decode(entry["hash"]))

    def add(self, name: str, password: str) -> bool:
        """Give a new name its password; False when somebody else was first."""
        entry = _entry(password)
        with self._locked():
            accounts = self._read()
            if "open" not in accounts.get(name, {"open": True}):
                return False
            self._write({**accounts, name: entry})
        return True

    def set(self, name: str, password: str) -> None:
        """Give a name a password in place of the one it has."""
        entry = _entry(password)
        with self._locked():
            self._write({**self._read(), name: entry})

    def lock(self, name: str) -> None:
        """Keep the name from logging in, and from being taken by somebody else."""
        with self._locked():
            self._write({**self._read(), name: {"locked": True}})

    def forget(self, name: str) -> bool:
        """Forget a name's password, so that the next log-in chooses a new one; False when it has none."""
        with self._locked():
            accounts = self._read()
            if "open" in accounts.get(name, {"open": True}):
                return False
            self._write({**accounts, name: {"open": True}})
        return True

    def open(self, name: str) -> None:
        """Let the next log-in choose a password for a name that has none, although it has a home."""
        with self._locked():
            self._write({**self._read(), name: {"open": True}})

    def take_up(self, entries: dict[str, Any]) -> int:
        """Add saved entries of names that have none here; how many those were."""
        with self._locked():
            accounts = self._read()
            new = {name: entry for name, entry in entries.items() if name not in accounts}
            if new:
                self._write({**accounts, **new})
        return len(new)

    def entries(self) -> dict[str, Any]:
        """What is known of each name: its hash, or that it is locked, or that its next log-in chooses a password."""
        return self._read()

    def _read(self) -> dict[str, Any]:
        try:
            accounts = json.loads(self._file.read_text(encoding="utf-8"))["accounts"]
        except FileNotFoundError:
            return {}
        except (ValueError, KeyError, TypeError) as error:
            raise AccountsDamagedError(f"{self._file} is damaged: {error}") from None
        if not isinstance(accounts, dict) or not all(isinstance(entry, dict) for entry in accounts.values()):
            raise AccountsDamagedError(f"{self._file} is damaged: it is no list of accounts")
        return accounts

    def _write(self, accounts: dict[str, Any]) -> None:
        handle, temporary = tempfile.mkstemp(prefix=f".{self._file.name}.", dir=self._file.parent)
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as stream:  # mkstemp makes it 0600
                json.dump({"accounts": accounts}, stream, indent=1, ensure_ascii=False)
                stream.flush()
                os.fsync(stream.fileno())
            Path(temporary).replace(self._file)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
        folder = os.open(self._file.parent, os.O_RDONLY | os.O_DIRECTORY)
        os.fsync(folder)
        os.close(folder)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        handle = os.open(self._file.with_suffix(".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)


def _hash(password: str, salt: bytes, n: int, r: int, p: int) -> bytes:
    text = unicodedata.normalize("NFKC", password).encode("utf-8")
    return hashlib.scrypt(text, salt=salt, n=n, r=r, p=p, maxmem=64 * 2**20, dklen=32)


def _entry(password: str) -> dict[str, Any]:
    salt = secrets.token_bytes(16)
    digest = _hash(password, salt, **_SCRYPT)
    encoded = {"salt": base64.b64encode(salt).decode(), "hash": base64.b64encode(digest).decode()}
    return {**_SCRYPT, **encoded}


class Brake:
    """Makes guessing slow: after some wrong passwords for a name, tries have to wait, longer each time."""

    FREE_TRIES = 5
    LONGEST_WAIT = 300.0

    def __init__(self, clock: Function[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._failures: dict[str, tuple[int, float]] = {}

    def wait(self, name: str) -> float:
        """Seconds until this name may be tried again; 0 when it may now."""
        count, last = self._failures.get(name, (0, 0.0))
        if count < self.FREE_TRIES:
            return 0.0
        pause = min(self.LONGEST_WAIT, 2.0 ** (count - self.FREE_TRIES))
        return max(0.0, last + pause - self._clock())

    def failed(self, name: str) -> None:
        """Count one wrong password."""
        count, _ = self._failures.get(name, (0, 0.0))
        if len(self._failures) > 10_000:  # an outsider tries many names: forget the oldest
            del self._failures[next(iter(self._failures))]
        self._failures[name] = (count + 1, self._clock())

    def passed(self, name: str) -> None:
        """Forget a name's wrong passwords."""
        self._failures.pop(name, None)


class FirstUseAuthenticator(Authenticator):  # type: ignore[misc]
    """JupyterHub's authenticator for the first-use log-in."""

    accounts_file = Unicode(help="The JSON file of names and password hashes.").tag(config=True)
    shortest_password = Integer(8, help="Fewest characters of a new password.").tag(config=True)
    anyone = Bool(True, help="Whether a name that is not listed may be taken by its first user.").tag(config=True)
    has_home = Callable(None, allow_none=True, help="Whether a name has a home; None: unknown.").tag(config=True)

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._accounts = Accounts(Path(self.accounts_file))
        self._brake = Brake()
        # Two at a time: a class that logs in together must not push everything else off the processors.
        self._pool = ThreadPoolExecutor(max_workers=2, thread_name_prefix="password")

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

    async def authenticate(self, handler: Any, data: dict[str, str]) -> str | None:
        """The normalised name, or None for a wrong password. Raises HTTPError with a text for the log-in page."""
        try:
            name = normalised(data.get("username", ""))
        except NameRefusedError as refused:
            raise web.HTTPError(403, str(refused)) from None
        password = data.get("password", "")
        pause = self._brake.wait(name)
        if pause > 0:
            raise web.HTTPError(429, f"Too many wrong passwords for this name. Try again in {pause + 1:.0f} s.")
        self._refuse_strangers(name)
        right = await self._in_pool(self._accounts.check, name, password)
        if right is None:
            return await self._first_log_in(handler, name, password)
        if not right:
            self._brake.failed(name)
            raise web.HTTPError(
                403, "This name is taken, and the password is not the one chosen at its first log-in. Try again."
            )
        self._brake.passed(name)
        return name

    def _refuse_strangers(self, name: str) -> None:
        if not self.anyone and name not in self.allowed_users | self.admin_users:
            raise web.HTTPError(403, "This name is not on the list of participants. Ask the organiser.")

    async def _refuse_lost(self, handler: Any, name: str) -> None:
        """A home whose account is gone (a file lost, a restore that had only homes) is for nobody who comes first."""
        user = handler.find_user(name) if handler is not None else None
        was_here = user is not None and user.orm_user.last_activity is not None
        if not was_here and not (self.has_home is not None and self.has_home(name)):
            return
        if name in await self._in_pool(self._accounts.entries):
            return
        self.log.warning("%s: refused, because the name has a home and no account", name)
        raise web.HTTPError(
            403, "This name has files here, and its password was lost. Ask the organiser, who can give it a new one."
        )

    async def _first_log_in(self, handler: Any, name: str, password: str) -> str | None:
        if name in self.admin_users:
            raise web.HTTPError(
                403, "This name manages the hub. Its password is set with: skrt-hub participants password NAME"
            )
        await self._refuse_lost(handler, name)
        if len(password) < self.shortest_password:
            raise web.HTTPError(
                403, f"This name is new here. Choose a password of at least {self.shortest_password} characters."
            )
        if await self._in_pool(self._accounts.add, name, password):
            return name
        return name if await self._in_pool(self._accounts.check, name, password) else None

    async def _in_pool(self, function: Any, *arguments: Any) -> Any:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, function, *arguments)
        except AccountsDamagedError as error:
            self.log.error("%s", error)
            raise web.HTTPError(
                500, "The list of accounts is damaged; nobody can log in. Tell the organiser."
            ) from None

    def get_custom_html(self, base_url: str) -> str:
        """The log-in form, with the words that a first-time visitor needs."""
        return _FORM.replace("SHORTEST", str(self.shortest_password))


_FORM = """
<form action="{{ authenticator_login_url }}" method="post" role="form">
  <div class="auth-form-header"><h1>scikit-rt hub</h1></div>
  <div class="auth-form-body m-auto">
    {% if login_error %}<p class="login_error" role="alert">{{ login_error | e }}</p>{% endif %}
    <input type="hidden" name="_xsrf" value="{{ xsrf }}" />
    <label for="username_input">Name</label>
    <input id="username_input" type="text" name="username" value="{{ (username or '') | e }}" class="form-control"
      autocapitalize="off" autocorrect="off" autocomplete="username" maxlength="200" required autofocus />
    <label for="password_input">Password</label>
    <input id="password_input" type="password" name="password" class="form-control"
      autocomplete="current-password" required />
    <input id="login_submit" type="submit" class="btn btn-jupyter form-control mt-3" value="Log in" />
    <p class="mt-3"><small>First time here? Choose a name and a password of at least SHORTEST characters.
      The same name and password bring you back to your files.</small></p>
  </div>
</form>
"""
