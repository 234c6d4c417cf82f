"""hub.yaml's `login.directory`: an institution's directory (LDAP)."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator

from skrt_hub.login.provider import on_loopback
from skrt_hub.settings.section import Section

_NAME = "{name}"


class Directory(Section):
    """An institution's directory, and how people are found in it."""

    server: str = Field(
        "",
        description="Its address: `ldaps://ldap.example.org`, or `ldap://ldap.example.org`, with which the hub asks "
        "for encryption (STARTTLS) before it sends anything. A port may follow.",
    )
    authority: Path | None = Field(
        None,
        description="The certificate of the authority that the server's is from (PEM), where it is not a public one.",
    )
    base: str = Field("", description="Below which entry people are looked for, such as `ou=people,dc=example,dc=org`.")
    login_attribute: str = Field(
        "uid",
        pattern=r"^[A-Za-z][A-Za-z0-9-]*$",
        description="Where the directory keeps the name that people log in with; `sAMAccountName` in Active Directory.",
    )
    reader: str = Field(
        "",
        description="The entry as which the hub looks for people (its DN). Empty: the directory shows them to anybody.",
    )
    reader_password_file: Path | None = Field(
        None, description="A file, readable by you alone, with the password of `reader`."
    )
    template: str = Field(
        "",
        description="In place of `base` and `reader`: the entry of whoever logs in, such as "
        "`uid={name},ou=people,dc=example,dc=org`.",
    )
    email_attribute: str = Field(
        "",
        pattern=r"^([A-Za-z][A-Za-z0-9-]*)?$",
        description="Where the directory keeps e-mail addresses, such as `mail`, if people cannot change their own. "
        "Listed people are then known by their address, too.",
    )

    @field_validator("server")
    @classmethod
    def _an_address(cls, value: str) -> str:
        parts = urlsplit(value)
        try:
            whole = parts.scheme in ("ldap", "ldaps") and parts.hostname and (parts.port is None or parts.port > 0)
        except ValueError:
            whole = False
        if value and (not whole or parts.path not in ("", "/") or parts.query or parts.username):
            raise ValueError("write ldaps:// or ldap:// and the server's name, such as ldaps://ldap.example.org")
        return value.rstrip("/")

    @field_validator("template")
    @classmethod
    def _with_a_name(cls, value: str) -> str:
        if value and (value.count(_NAME) != 1 or f"={_NAME}," not in value):
            raise ValueError("write the whole entry, with {name} once, as in uid={name},ou=people,dc=example,dc=org")
        return value

    @model_validator(mode="after")
    def _whole(self) -> Directory:
        if not self.server:
            return self
        if bool(self.base) == bool(self.template):
            raise ValueError("give one of `base` (the hub looks for people) and `template` (where they all are)")
        if self.template and self.reader:
            raise ValueError("`reader` looks below `base`; with `template` people show themselves")
        if bool(self.reader) != (self.reader_password_file is not None):
            raise ValueError("reader and reader_password_file go together")
        return self

    @property
    def host(self) -> str:
        """The server's name."""
        return urlsplit(self.server).hostname or ""

    @property
    def plain(self) -> bool:
        """Whether nothing is encrypted: only where the server is this machine, and no authority is given."""
        return self.server.startswith("ldap:") and on_loopback(self.host) and self.authority is None
