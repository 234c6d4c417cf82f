"""hub.yaml's `login`: how participants log in."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator

from skrt_hub.login.provider import GITHUB_ISSUER, is_safe
from skrt_hub.settings.directory import Directory
from skrt_hub.settings.platform import CANVAS, Platform
from skrt_hub.settings.section import Section
from skrt_hub.settings.units import Duration

_KNOWN = {
    "google": ("Google", "https://accounts.google.com"),
    "gitlab": ("GitLab", "https://gitlab.com"),
    "github": ("GitHub", GITHUB_ISSUER),
}
"""Providers for everybody: what people call them, and the issuer that each publishes."""
_SESSION = 12 * 3600
ELSEWHERE = ("oidc", "ldap", "lti")
"""Kinds of log-in with accounts that others keep."""


class Login(Section):
    """How participants log in."""

    kind: Literal["", "first-use", "codes", "class-password", "oidc", "ldap", "lti"] = Field(
        "",
        description="By default `first-use` on this machine alone, `codes` where other machines reach the hub. "
        "`first-use`: any new name, with a password chosen at the first log-in and asked ever after. "
        "`codes`: the listed names, each with a one-time code from a slip, and then a password of their own. "
        "`class-password`: any new name for whoever knows the class's word, and then a password of their own. "
        "`oidc`: with the account of an institution (OpenID Connect); it needs the keys below. "
        "`ldap`: with the name and password of an institution's directory; it needs `directory`. "
        "`lti`: by a link in a course of Moodle, Canvas or another learning platform (LTI 1.3); it needs `platform`.",
    )
    beyond_loopback: bool = Field(
        False,
        description="Allow names without codes, and pages without encryption, where other machines reach the hub. "
        "Anybody on that network may then make an account or read passwords.",
    )
    issuer: str = Field(
        "",
        description="With `oidc`: the institution's log-in provider, as its documentation gives it, such as "
        "`https://login.example.org/realms/campus`. Everything else about it is found there. With `lti`: what the "
        "platform calls itself; for Moodle the address of its site.",
    )
    client_id: str = Field("", description="With `oidc` and `lti`: the name that the provider gave the hub.")
    client_secret_file: Path | None = Field(
        None, description="With `oidc`: a file, readable by you alone, with the secret that the provider gave the hub."
    )
    provider: str = Field(
        "",
        max_length=60,
        description="With `oidc`, `ldap` and `lti`: what people call the place of their accounts; by default its host "
        "name. `google`, `gitlab` (that of gitlab.com) and `github` need no `issuer`; `github` with an `issuer` is a "
        "GitHub Enterprise server.",
    )
    scopes: tuple[str, ...] = Field(
        ("openid", "profile", "email"),
        description="With `oidc`: what the hub asks the provider to tell. GitHub is asked for `read:user user:email`, "
        "and for `read:org` where groups are named.",
    )
    everyone: bool = Field(
        False, description="With `oidc`, `ldap` and `lti`: let in whoever can log in there, or open the link."
    )
    participant_groups: tuple[str, ...] = Field(
        (),
        description="With `oidc` and `ldap`: let in who is in one of these groups there. A directory's groups are "
        "named by their entries, such as `cn=course,ou=groups,dc=example,dc=org`. With `lti`: who has one of these "
        "roles in the course, such as `Learner`.",
    )
    organiser_groups: tuple[str, ...] = Field(
        (),
        description="With `oidc` and `ldap`: who is in one of these groups there organises the class. With `lti`: who "
        "has one of these roles in the course, such as `Instructor`.",
    )
    groups_claim: str = Field(
        "groups", description="With `oidc`: where the provider tells the groups, such as `realm_access.roles`."
    )
    name_claim: str = Field(
        "",
        description="With `oidc`: where the provider tells a name that nobody can choose or change for themselves, "
        "such as `preferred_username`. Listed names are then known by it; without it, by verified e-mail addresses "
        "alone. With `lti`, such as `lis.person_sourcedid`, `ext.user_username` (Moodle) or `custom.NAME`.",
    )

    directory: Directory = Field(
        default_factory=Directory, description="With `ldap`: the directory, and how people are found in it."
    )
    platform: Platform = Field(
        default_factory=Platform, description="With `lti`: the learning platform whose courses lead to the hub."
    )
    session: Duration = Field(
        _SESSION,
        ge=300,
        description="With `oidc`, `ldap` and `lti`: after this time somebody has to log in again. What runs for them "
        "goes on, and nothing is lost. The hub does not hear when an account there ends, so it counts that long.",
    )

    @model_validator(mode="before")
    @classmethod
    def _short_form(cls, value: Any) -> Any:
        if not isinstance(value, dict) or value.get("kind") not in ("oidc", "lti"):
            return value
        if value["kind"] == "lti":
            platform = value.get("platform")
            hosted = isinstance(platform, dict) and platform.get("kind") == "canvas" and not value.get("issuer")
            return {**value, "issuer": CANVAS} if hosted else value
        called = str(value.get("provider", "")).lower()
        if called == "github":
            groups = value.get("participant_groups") or value.get("organiser_groups")
            value = {"scopes": ["read:user", "user:email", *(["read:org"] if groups else [])], **value}
        elif value.get("issuer"):
            return value
        name, issuer = _KNOWN.get(called, ("", ""))
        return {**value, "provider": name, "issuer": value.get("issuer") or issuer} if issuer else value

    @field_validator("issuer")
    @classmethod
    def _an_address(cls, value: str) -> str:
        if value and (not is_safe(value) or urlsplit(value).query or urlsplit(value).fragment):
            raise ValueError("write the provider's whole address, with https://")
        return value

    @model_validator(mode="after")
    def _whole(self) -> Login:
        needed = {
            "issuer": self.issuer,
            "client_id": self.client_id,
            "client_secret_file": self.client_secret_file,
        }
        if self.kind == "oidc":
            missing = [key for key, value in needed.items() if not value]
            if missing:
                raise ValueError(f"with `kind: oidc` write also: {', '.join(missing)}")
            if self.everyone and self.issuer in (issuer for _, issuer in _KNOWN.values()):
                raise ValueError(f"everyone: anybody in the world can log in at {self.provider_name}: list people")
            if "openid" not in self.scopes and not self.at_github:
                raise ValueError("scopes: `openid` must be among them")
        elif self.kind == "lti":
            self._ensure_platform()
        elif any(needed.values()):
            raise ValueError("issuer, client_id and what goes with them need `kind: oidc`")
        self._ensure_elsewhere()
        return self

    def _ensure_platform(self) -> None:
        """Raises ValueError for a learning platform that is not told whole. What it gives the hub may come later."""
        if not self.issuer or not self.platform.kind:
            raise ValueError("with `kind: lti` write also `issuer`, and `platform` with its `kind`")
        if self.client_secret_file is not None:
            raise ValueError("client_secret_file: with `kind: lti` the platform gives the hub no secret; leave it out")

    def _ensure_elsewhere(self) -> None:
        """Raises ValueError for what only accounts that are kept elsewhere have, and for a directory without one."""
        if self.kind == "ldap" and not self.directory.server:
            raise ValueError("with `kind: ldap` write also `directory`, with `server` and `base`")
        if self.kind != "ldap" and self.directory.server:
            raise ValueError("directory needs `kind: ldap`")
        if self.kind != "lti" and self.platform.kind:
            raise ValueError("platform needs `kind: lti`")
        only = {
            "everyone": self.everyone,
            "participant_groups": bool(self.participant_groups),
            "organiser_groups": bool(self.organiser_groups),
            "session": self.session != _SESSION,
        }
        if self.kind not in ELSEWHERE and any(only.values()):
            named = ", ".join(key for key, given in only.items() if given)
            raise ValueError(f"{named}: needs `kind: oidc`, `ldap` or `lti`")

    @property
    def provider_name(self) -> str:
        """What people call the provider."""
        return self.provider or urlsplit(self.issuer).hostname or self.directory.host

    @property
    def at_github(self) -> bool:
        """Whether the provider is GitHub, or a server of its kind, which speaks OAuth alone."""
        return self.kind == "oidc" and (self.provider == "GitHub" or self.issuer == GITHUB_ISSUER)

    @property
    def secret_file(self) -> Path | None:
        """The file of what the hub itself needs to ask there."""
        return self.directory.reader_password_file if self.kind == "ldap" else self.client_secret_file
