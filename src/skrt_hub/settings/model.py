"""hub.yaml as a whole: frozen, typed settings for both targets, put together from its sections.

Every field has a description; the reference page is made from them, so a key without one fails a test.
"""

from __future__ import annotations

import ipaddress
import re
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator

from skrt_hub.login import names
from skrt_hub.settings.cohort import Cohort
from skrt_hub.settings.datasets import Dataset, ensure_sets
from skrt_hub.settings.engines import Engines
from skrt_hub.settings.environment import OwnPackages
from skrt_hub.settings.kubernetes import Kubernetes
from skrt_hub.settings.limits import Limits
from skrt_hub.settings.login import ELSEWHERE, Login
from skrt_hub.settings.logs import Logs
from skrt_hub.settings.material import Data, Material
from skrt_hub.settings.page import Page
from skrt_hub.settings.people import Listed, with_logins
from skrt_hub.settings.profiles import Profile, check_environments, check_profiles
from skrt_hub.settings.saves import Saves
from skrt_hub.settings.seats import Seats
from skrt_hub.settings.section import Section
from skrt_hub.settings.shared import Shared, ensure_names
from skrt_hub.settings.tls import Tls
from skrt_hub.settings.web import Origin, check_origins

_HOST_NAME = re.compile(r"(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*")


class Settings(Section):
    """One hub, for both targets."""

    name: str = Field(
        "skrt-hub",
        pattern=r"^[a-z][a-z0-9-]{0,38}[a-z0-9]$",
        description="The hub's name: 2 to 40 lower-case letters, digits and hyphens.",
    )
    target: str = Field(
        "machine",
        pattern=r"^[a-z][a-z0-9-]*$",
        description="Where the hub runs: `machine`, `kubernetes`, or `container` (docs/how-to/container.md).",
    )
    address: str = Field(
        "127.0.0.1",
        description="Where browsers reach the hub. 127.0.0.1: on this machine only. `lan`: at every address that this "
        "machine has. Or one of its addresses, or its host name.",
    )
    port: int = Field(8000, ge=1, le=65535, description="The port of the log-in page.")
    public_url: Origin = Field(
        "",
        description="The address that people type where it is another than the one above, such as "
        "`https://hub.example.org` for a hub behind a program that encrypts. The hub answers to the names given here.",
    )
    participant_url: Origin = Field(
        "",
        description="Gives each participant's server an own origin in browsers: `*.` and the name in public_url, as in "
        "`https://*.hub.example.org`. The name service must lead all these names to the hub.",
    )
    announce: bool = Field(
        False,
        description="Announces the hub as NAME.local on the local network (multicast DNS), NAME being `name`. Many "
        "university networks block that; addresses in numbers always work.",
    )
    tls: Tls = Field(
        default_factory=Tls,
        description="Encryption; needed where other machines reach the hub. `class`: out of the box.",
    )
    login: Login = Field(default_factory=Login, description="How participants log in.")
    organisers: tuple[str, ...] = Field(
        (), description="Names of those who see and manage the class. The old key `admins` means the same."
    )
    helpers: tuple[str, ...] = Field(
        (),
        description="Names of those who look after the class beside the organisers: they see how everybody is, restart "
        "servers, and do nothing else there. In all other things they are participants.",
    )
    participants: tuple[Listed, ...] = Field(
        (),
        description="Who may log in: a file such as `class.csv`, or a list of names, or of `{name, email, group}`. "
        "Empty: with `codes` nobody, else any name.",
    )
    page: Page = Field(default_factory=Page, description="What the log-in page looks like.")
    limits: Limits = Field(default_factory=Limits, description="What one participant, and all together, may use.")
    profiles: tuple[Profile, ...] = Field(
        (),
        description="Sizes of servers, one of which a participant chooses at the start; the first is for those who do "
        "not. One alone is for all, without a choice.",
    )
    sandbox: Literal["namespaces", "landlock", "none"] = Field(
        "namespaces",
        description="On one machine. `namespaces`: each participant sees a machine of their own. In a container that "
        "allows none, `landlock` takes its place by itself, which needs a hub that runs as root. `none` lets "
        "participants see each other's files and the hub's, so it is only for people you trust.",
    )
    fork_server: bool = Field(
        True,
        description="Start servers and kernels from a process that has the libraries imported: some ten times as fast. "
        "`false`: each starts by itself.",
    )
    engines: Engines = Field(default_factory=Engines, description="Where the registration engines come from.")
    seats: Seats = Field(
        default_factory=Seats, description="Servers that are started before a class, for people to find them ready."
    )
    cohort: Cohort = Field(
        default_factory=Cohort, description="Functions that participants have done for many patients, also at night."
    )
    environment: OwnPackages = Field(
        default_factory=OwnPackages, description="Packages of one's own, for all participants."
    )
    material: tuple[Material, ...] = Field(
        (), description="Folders placed in every home, beside the built-in examples."
    )
    data: tuple[Data, ...] = Field((), description="Shared read-only data.")
    datasets: tuple[Dataset, ...] = Field(
        (), description="Sets of data that `skrt-hub datasets fetch` brings to /data, known by name or by their source."
    )
    shared: tuple[Shared, ...] = Field((), description="Folders that the people of a group share.")
    patient_data: Literal["refused", "allowed"] = Field(
        "refused",
        description="Files that tell who a patient is. `refused`: before such files are handed out, published as "
        "material, shown by `data` or saved to storage elsewhere, you are asked, and a participant who uploads one is "
        "told. `allowed`: nothing is looked at, for a place where all who log in may see such data.",
    )
    logs: Logs = Field(default_factory=Logs, description="How long logs are kept.")
    saves: Saves = Field(default_factory=Saves, description="Saved copies of homes.")
    hub_config: Path | None = Field(
        None,
        description="A Python file for what JupyterHub can do and hub.yaml has no key for; it is loaded last. Not "
        "checked by skrt-hub.",
    )
    kubernetes: Kubernetes = Field(default_factory=Kubernetes, description="What only `target: kubernetes` uses.")

    @model_validator(mode="before")
    @classmethod
    def _old_keys(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        value = dict(value)
        if "admins" in value:
            value.setdefault("organisers", value.pop("admins"))
        cluster = value.get("kubernetes")
        if isinstance(cluster, dict) and "tls" in cluster:
            value["kubernetes"] = {key: item for key, item in cluster.items() if key != "tls"}
            value.setdefault("tls", cluster["tls"])
        return value

    @field_validator("login", mode="before")
    @classmethod
    def _a_bare_kind(cls, value: Any) -> Any:
        return {"kind": value} if isinstance(value, str) else value

    @field_validator("participants")
    @classmethod
    def _with_logins(cls, value: tuple[Listed, ...]) -> tuple[Listed, ...]:
        return with_logins(value)

    @field_validator("profiles")
    @classmethod
    def _to_be_told_apart(cls, value: tuple[Profile, ...]) -> tuple[Profile, ...]:
        return check_profiles(value)

    @field_validator("organisers", "helpers")
    @classmethod
    def _names(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        try:
            return tuple(dict.fromkeys(map(names.normalised, value)))
        except names.NameRefusedError as refused:
            bad = next(name for name in value if not _usable(name))
            raise ValueError(f"{bad!r} cannot be a participant's name: {refused}") from None

    @field_validator("address")
    @classmethod
    def _an_address(cls, value: str) -> str:
        if value == "localhost":
            return "127.0.0.1"
        try:
            return str(ipaddress.ip_address(value))
        except ValueError:
            name = value.strip(".").lower()
            if name == "lan" or (_HOST_NAME.fullmatch(name) and not name.replace(".", "").isdigit()):
                return name
            raise ValueError("write `lan`, an IP address of this machine such as 127.0.0.1, or its host name") from None

    @model_validator(mode="after")
    def _possible(self) -> Settings:
        reachable = self._reachable_through
        if not self.login.kind:
            kind = "codes" if reachable and not self.login.beyond_loopback else "first-use"
            object.__setattr__(self, "login", self.login.model_copy(update={"kind": kind}))
        if reachable and not self.login.beyond_loopback:
            self._ensure_safe(reachable)
        if self.login.kind in ELSEWHERE:
            self._ensure_institution()
        on_cluster = self.target == "kubernetes"
        if self.tls.acme and not (self.kubernetes.host if on_cluster else self.host_name):
            where = "kubernetes.host" if on_cluster else "address"
            raise ValueError(f"an automatic certificate (tls.acme) needs the hub's host name: write it as `{where}`")
        if on_cluster and self.tls.at_the_proxy and self.kubernetes.access in ("port-forward", "ingress"):
            raise ValueError("a certificate at the hub's proxy goes with access: load-balancer or node-port")
        if on_cluster and self.tls.authority and not self.kubernetes.host:
            raise ValueError("`tls: class` needs the hub's host name or address: write it as `kubernetes.host`")
        check_origins(self.public_url, self.participant_url)
        self._ensure_helped()
        check_environments(self.profiles, self.environment)
        own = self.environment.any or self.environment.apt or self.environment.others
        if self.target == "kubernetes" and self.kubernetes.image.name and own:
            raise ValueError("packages cannot be added to a published image; leave `kubernetes.image.name` out")
        named = {
            "material": [item.name for item in self.material if item.name],
            "data": [item.name for item in self.data],
        }
        for kind, given in named.items():
            twice = sorted({name for name in given if given.count(name) > 1})
            if twice:
                raise ValueError(f"{kind} has two entries called {twice[0]}")
        ensure_sets(self.datasets, named["data"])
        ensure_names(self.shared, [*named["data"], *(entry.name for entry in self.datasets)], named["material"])
        return self

    def _ensure_safe(self, reachable: str) -> None:
        """Raises ValueError where other machines reach the hub and anybody there could take a name, or listen."""
        said = f"{reachable} can be reached from other machines"
        if self.login.kind == "first-use":
            raise ValueError(
                f"{said}, and with the first-use log-in anybody there may make an account; write `login: codes`. For a "
                "network of your own: `login: {kind: first-use, beyond_loopback: true}`"
            )
        if not self._encrypted_for_others:
            raise ValueError(
                f"{said}, and whoever listens there could read passwords; write `tls: class`. For a network of your "
                f"own: `login: {{kind: {self.login.kind}, beyond_loopback: true}}`"
            )

    def _ensure_helped(self) -> None:
        """Raises ValueError for helpers who help nobody, or who are organisers."""
        if both := sorted({*self.organisers} & {*self.helpers}):
            raise ValueError(
                f"{both[0]} is an organiser and a helper; leave the name out of `helpers`: organisers may more"
            )
        if self.helpers and not (self.organisers or self.login.organiser_groups):
            raise ValueError("`helpers` help organisers, and this hub has none: write `organisers`, too")

    def _ensure_institution(self) -> None:
        """Raises ValueError where a log-in at an institution would let nobody in, or lead nowhere."""
        login = self.login
        if not (self.participants or login.participant_groups or login.organiser_groups or login.everyone):
            raise ValueError(
                f"login: with `kind: {login.kind}` say who may log in: write `participants`, or below `login` "
                "`participant_groups: [...]` or `everyone: true`"
            )
        if login.kind == "ldap":
            return
        if login.kind == "lti" and self._reachable_through and not self._encrypted_for_others:
            raise ValueError(
                "login: browsers come back from a learning platform with encryption alone; write `tls: class`, or "
                "another `tls`"
            )
        if self.target == "kubernetes":
            fixed = bool(self.kubernetes.host) or self.kubernetes.access == "port-forward"
        else:
            fixed = self.on_loopback or self.host_name
        if not (fixed or self.public_url):
            raise ValueError(
                "the log-in provider leads people back to one address: write it as `public_url`, such as "
                "https://hub.example.org"
            )

    @property
    def names(self) -> tuple[str, ...]:
        """The names with which participants log in."""
        return tuple(person.login for person in self.participants)

    @property
    def _reachable_through(self) -> str:
        """The setting through which other machines reach the hub, on whichever target it is brought up, or nothing."""
        if self.kubernetes.access != "port-forward":
            return f"kubernetes.access {self.kubernetes.access}"
        if not self.on_loopback:
            return f"address {self.address}"
        # A program in front of the hub brings others to a hub that listens on loopback alone.
        if self.tls.proxy:
            return "tls.proxy"
        return f"public_url {self._in_front}" if self._in_front else ""

    @property
    def _in_front(self) -> str:
        """The public address to which only a program in front of a hub on loopback can bring people, or nothing."""
        alone = self.on_loopback and self.kubernetes.access == "port-forward"
        return self.public_url if alone and self.public_url and not _is_loopback(self.public_url) else ""

    @property
    def _encrypted_for_others(self) -> bool:
        return self.tls.encrypted or self._in_front.startswith("https://")

    @property
    def on_loopback(self) -> bool:
        """Whether only this machine can reach the hub."""
        return ipaddress.ip_address(self.listen).is_loopback

    @property
    def host_name(self) -> bool:
        """Whether `address` is a host name."""
        return self.address not in ("lan", self.listen)

    @property
    def listen(self) -> str:
        """The IP address to listen on; for a name, and for `lan`, all that this machine has."""
        try:
            return str(ipaddress.ip_address(self.address))
        except ValueError:
            return "0.0.0.0"  # noqa: S104 - the organiser wrote so

    @property
    def url(self) -> str:
        """The address to type in a browser on this machine."""
        return self.address_for("127.0.0.1" if ipaddress.ip_address(self.listen).is_unspecified else self.listen)

    def address_for(self, host: str) -> str:
        """The address of the log-in page at this host on one machine."""
        secure = self.tls.at_the_proxy and self.target != "kubernetes"
        name = f"[{host}]" if ":" in host else host
        standard = self.port == (443 if secure else 80)
        return f"{'https' if secure else 'http'}://{name}{'' if standard else f':{self.port}'}/"


def _is_loopback(url: str) -> bool:
    """Whether this address leads to the machine that it is typed on (RFC 6761, 6.3)."""
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _usable(name: str) -> bool:
    try:
        return bool(names.normalised(name))
    except names.NameRefusedError:
        return False
