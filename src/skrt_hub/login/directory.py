"""An institution's directory (LDAP), asked whether a name and a password go together, and who that is.

By ldap3 alone: JupyterHub's ldapauthenticator asks in the hub's own loop, without a deadline, and looks at no
certificate unless told. Here nothing is sent before the server has shown a certificate for its name, except to this
machine itself. An empty password would be a log-in of nobody in particular, which directories grant (RFC 4513, 5.1.2),
so none gets as far as this.
"""

from __future__ import annotations

import re
import ssl
import uuid
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import ldap3
from ldap3.core.exceptions import LDAPException
from ldap3.utils.conv import escape_filter_chars
from ldap3.utils.dn import escape_rdn

NAME = "{name}"
_TO_CONNECT, _TO_ANSWER = 5, 10  # seconds
_OK = 0
# No such entry, no DN, no password, wrong password, unwilling (an account that is switched off): nobody's log-in.
_NOT_THEM = (32, 34, 48, 49, 53)
_NOTHING_THERE = (_OK, 32)
_MARKS = ("entryUUID", "objectGUID", "ipaUniqueID", "nsUniqueId")
"""What never changes about somebody, by the kind of directory (RFC 4530, and three makers' own)."""
_OF_WORDS = ("displayName", "cn")
_MEMBER = "(|(member={0})(uniqueMember={0})(memberUid={1}))"


class DirectoryError(Exception):
    """The directory cannot be asked; the text is for the log and for `check`."""


@dataclass(frozen=True)
class Found:
    """Somebody whom the directory knows. `mark` never changes; `email` only where the directory's is believed."""

    dn: str
    mark: str
    name: str
    shown: str
    email: str
    groups: frozenset[str]


@dataclass(frozen=True)
class Directory:
    """Where the directory is, and how people are found in it (hub.yaml's `login.directory`)."""

    server: str
    base: str = ""
    login_attribute: str = "uid"
    template: str = ""
    reader: str = ""
    email_attribute: str = ""
    authority: str = ""
    plain: bool = False

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Directory:
        """The directory that these values of the hub's configuration describe."""
        return cls(**values)

    @property
    def host(self) -> str:
        """The server's name."""
        return urlsplit(self.server).hostname or ""

    def prove(self, name: str, password: str, reader_password: str, groups: Iterable[str]) -> Found | None:
        """Who this is, and in which of the groups; None for a wrong name or password. Raises DirectoryError."""
        if not password or "\0" in password or not name:
            return None
        with _in_words():
            if self.template:
                dn = self.template.replace(NAME, escape_rdn(name))
                with self._bound(dn, password) as own:
                    if own is None:
                        return None
                    entry = _read(own, dn, ldap3.BASE, "(objectClass=*)", self._attributes)
                    if entry is None:
                        raise DirectoryError(f"it does not show people their own entry, here {dn}")
                    return self._found(own, entry, groups)
            with self._reading(reader_password) as reader:
                wanted = f"({self.login_attribute}={escape_filter_chars(name)})"
                entry = _read(reader, self.base, ldap3.SUBTREE, wanted, self._attributes)
                if entry is None:
                    return None
                with self._bound(entry["dn"], password) as own:
                    if own is None:
                        return None
                return self._found(reader, entry, groups)

    def look(self, reader_password: str, groups: Iterable[str]) -> None:
        """Raises DirectoryError where people, or one of these groups, could not be found."""
        with _in_words():
            if self.template:
                with self._connected() as connection:
                    _bind(connection)
                return
            with self._reading(reader_password) as reader:
                for entry in (self.base, *groups):
                    if _read(reader, entry, ldap3.BASE, "(objectClass=*)", ["1.1"]) is None:
                        raise DirectoryError(f"it shows the hub no entry {entry}")

    @property
    def _attributes(self) -> list[str]:
        email = [self.email_attribute] if self.email_attribute else []
        return [self.login_attribute, *_OF_WORDS, *_MARKS, *email]

    def _found(self, asker: Any, entry: Mapping[str, Any], groups: Iterable[str]) -> Found:
        words = {key.lower(): value for key, value in entry["raw_attributes"].items()}

        def first(*keys: str) -> str:
            return next((_text(words[key.lower()][0]) for key in keys if words.get(key.lower())), "")

        name, dn = first(self.login_attribute), str(entry["dn"])
        if not name:
            raise DirectoryError(f"it does not show {self.login_attribute} of {dn}")
        member = _MEMBER.format(escape_filter_chars(dn), escape_filter_chars(name))
        inside = {group for group in groups if _read(asker, group, ldap3.BASE, member, ["1.1"]) is not None}
        email = first(self.email_attribute) if self.email_attribute else ""
        mark = first(*_MARKS) or dn.lower()
        return Found(dn, mark, name, first(*_OF_WORDS) or name, email, frozenset(inside))

    @contextmanager
    def _connected(self, user: str | None = None, password: str | None = None) -> Iterator[Any]:
        """A connection that nothing was said on yet, encrypted unless the server is this machine."""
        parts = urlsplit(self.server)
        tls = _Tls(validate=ssl.CERT_REQUIRED, ca_certs_data=self.authority or None)
        secure = parts.scheme == "ldaps"
        server = ldap3.Server(
            self.host,
            port=parts.port or (636 if secure else 389),
            use_ssl=secure,
            tls=tls,
            get_info=ldap3.NONE,
            connect_timeout=_TO_CONNECT,
        )
        connection = ldap3.Connection(
            server,
            user,
            password,
            authentication=ldap3.SIMPLE if user else ldap3.ANONYMOUS,
            read_only=True,
            auto_referrals=False,  # a password goes to nobody else
            check_names=False,
            receive_timeout=_TO_ANSWER,
        )
        try:
            connection.open(read_server_info=False)
            if not secure and not self.plain and not connection.start_tls(read_server_info=False):
                raise DirectoryError("it offers no encryption (STARTTLS); try ldaps://")
            yield connection
        finally:
            with suppress(LDAPException, OSError):  # it tells what went wrong before
                connection.unbind()

    @contextmanager
    def _bound(self, dn: str, password: str) -> Iterator[Any]:
        """A connection as this person; None where the directory does not take the password for them."""
        with self._connected(dn, password) as connection:
            yield connection if _bind(connection, but=_NOT_THEM) else None

    @contextmanager
    def _reading(self, password: str) -> Iterator[Any]:
        """A connection that may look for people."""
        if self.reader and not password:
            raise DirectoryError("the file of the reader's password is empty")
        with self._connected(self.reader or None, password or None) as connection:
            _bind(connection)
            yield connection


class _Tls(ldap3.Tls):  # type: ignore[misc]
    """Python's own look at the server's certificate and name; ldap3's knows no addresses since Python 3.12."""

    def wrap_socket(self, connection: Any, do_handshake: bool = False) -> None:
        context = ssl.create_default_context(cadata=self.ca_certs_data)
        host = connection.server.host
        connection.socket = context.wrap_socket(
            connection.socket, server_hostname=host, do_handshake_on_connect=do_handshake
        )


def _bind(connection: Any, but: tuple[int, ...] = ()) -> bool:
    """Log in to the directory; False for an answer of `but`. Raises DirectoryError for any other refusal."""
    connection.bind(read_server_info=False)
    result = connection.result
    if result["result"] == _OK:
        return True
    if result["result"] in but:
        return False
    who = connection.user or "nobody in particular"
    raise DirectoryError(f"it refuses {who}: {result['description']} {result['message']}".strip())


def _read(connection: Any, base: str, scope: str, wanted: str, attributes: list[str]) -> dict[str, Any] | None:
    """The one entry that is wanted; None where there is none, or more. Raises DirectoryError."""
    connection.search(base, wanted, scope, ldap3.DEREF_NEVER, attributes, size_limit=2)
    entries = [entry for entry in connection.response or () if entry.get("type") == "searchResEntry"]
    code = connection.result["result"]
    if not entries and code not in _NOTHING_THERE:
        raise DirectoryError(f"it does not show {base}: {connection.result['description']}")
    return entries[0] if len(entries) == 1 else None


def _text(value: bytes) -> str:
    try:
        text = value.decode("utf-8")
    except UnicodeDecodeError:
        text = ""
    if len(value) == 16 and not re.fullmatch(r"[ -~]{16}", text):  # objectGUID
        return str(uuid.UUID(bytes_le=value))
    return " ".join(text.split())[:200]


@contextmanager
def _in_words() -> Iterator[None]:
    try:
        yield
    except (LDAPException, OSError, ValueError) as error:
        raise DirectoryError(f"{type(error).__name__}: {error}"[:400]) from None
