"""What hub.yaml may say: frozen, typed settings for both targets.

Every field has a description; the reference page is made from them, so a key without one fails a test.
"""

from __future__ import annotations

import ipaddress
import re
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    ValidationInfo,
    field_validator,
    model_validator,
)

from skrt_hub.settings import names

_SIZE_UNITS = {"": 1, "B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}
_SIZE_UNITS |= {"KIB": 2**10, "MIB": 2**20, "GIB": 2**30, "TIB": 2**40}
_TIME_UNITS = {"s": 1, "min": 60, "h": 3600, "d": 86400}


def parse_size(value: Any) -> Any:
    """Bytes from a number or a text such as `2 GB` or `512 MiB`. Raises ValueError."""
    if not isinstance(value, str):
        return value
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([A-Za-z]*)\s*", value)
    if match is None or match[2].upper() not in _SIZE_UNITS:
        raise ValueError("write a size as a number and a unit, such as 2 GB or 512 MB")
    return int(float(match[1]) * _SIZE_UNITS[match[2].upper()])


def parse_duration(value: Any) -> Any:
    """Seconds from a number or a text such as `90 min` or `2 h`. Raises ValueError."""
    if not isinstance(value, str):
        return value
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*(s|min|h|d)\s*", value)
    if match is None:
        raise ValueError("write a time as a number and a unit: 45 s, 90 min, 2 h or 7 d")
    return int(float(match[1]) * _TIME_UNITS[match[2]])


def read_duration(value: Any, info: ValidationInfo) -> Any:
    """In hub.yaml a bare number would be seconds to us, and minutes to whoever wrote it."""
    if info.context == WRITTEN and isinstance(value, int | float) and not isinstance(value, bool) and value != 0:
        raise ValueError(f"write the unit, too: {value} s, {value} min or {value} h")
    return parse_duration(value)


def write_duration(seconds: int) -> str:
    """Seconds with their unit, so that settings written down by us can be read as hub.yaml, too."""
    return f"{seconds} s"


WRITTEN = "written by a person"
"""The context in which hub.yaml is validated; settings that older versions wrote down have bare seconds."""
Size = Annotated[int, BeforeValidator(parse_size), Field(ge=0)]
Duration = Annotated[
    int, BeforeValidator(read_duration), PlainSerializer(write_duration, when_used="json"), Field(ge=0)
]


class Section(BaseModel):
    """A part of hub.yaml: unknown keys are refused, nothing changes after loading."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)


class Login(Section):
    """How participants log in."""

    kind: Literal["first-use"] = Field(
        "first-use",
        description="`first-use`: any new name, with a password chosen at the first log-in and asked ever after.",
    )
    beyond_loopback: bool = Field(
        False,
        description="Allow this kind of log-in on an address that other machines can reach. "
        "Anybody on that network may then make an account.",
    )


class Limits(Section):
    """What one participant, and all together, may use."""

    cpu: float = Field(
        1, gt=0, le=1024, description="Processors for each participant; the engines use as many threads, at least one."
    )
    memory: Size = Field(
        2 * 10**9,
        ge=256 * 10**6,
        description="Memory for each participant, at least 256 MB. A kernel that needs more is ended, with a message.",
    )
    idle: Duration = Field(
        3600, description="End a server after this time without use; a busy kernel is never idle. 0: never."
    )
    servers: int = Field(
        0, ge=0, description="How many servers may run at once. 0: as many as the machine's memory seats."
    )
    home: Size = Field(0, description="Size of each home, with a warning before it is full. 0: no limit.")
    processes: int = Field(
        512,
        ge=64,
        description="Processes and threads for each participant, on one machine; "
        "in a cluster the nodes' own limit holds.",
    )


class Engines(Section):
    """Where the registration engines come from."""

    elastix: Path | None = Field(
        None,
        description="On one machine: a system's elastix, 5.1 or newer, to use in place of the built-in one, such as "
        "/usr/bin/elastix.",
    )


class Material(Section):
    """A folder of notebooks and files that is placed in every home; it has exactly one source."""

    name: str = Field("", description="The folder's name in the home; by default the source's own name.")
    folder: Path | None = Field(None, description="A folder on this machine.")
    git: str | None = Field(None, description="A git repository: an address or a local clone.")
    at: str | None = Field(None, description="The branch, tag or commit of the git repository.")
    archive: Path | None = Field(None, description="A .zip or .tar.* archive on this machine.")
    subfolder: str = Field("", description="Only this folder of the source.")
    collection: str | None = Field(
        None, description="A collection known by name, such as `scikit-rt-by-examples`; with `git`, from that clone."
    )

    @model_validator(mode="before")
    @classmethod
    def _a_bare_name_is_a_collection(cls, value: Any) -> Any:
        return {"collection": value} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _exactly_one_source(self) -> Material:
        given = [source for source in (self.folder, self.git, self.archive) if source is not None]
        if len(given) > 1 or (self.collection is None and not given):
            raise ValueError("give exactly one of folder, git, archive or collection")
        if self.at is not None and self.git is None and self.collection is None:
            raise ValueError("`at` goes with `git` or `collection`")
        return self


class Keep(Section):
    """How many saves are kept; the newest copy of each home always is."""

    last: int = Field(7, ge=1, description="The last saves, however close together.")
    daily: int = Field(14, ge=0, description="The last save of so many days.")
    weekly: int = Field(8, ge=0, description="The last save of so many weeks.")
    monthly: int = Field(12, ge=0, description="The last save of so many months.")


class Saves(Section):
    """Saved copies of homes."""

    place: str = Field(
        "",
        description="Where copies are kept: a folder (a whole path), or s3://bucket/folder. `save --to` overrides it.",
    )
    every: Duration = Field(0, description="Save all homes by itself, this often, while the hub runs. 0: never.")
    keep: Keep = Field(default_factory=Keep, description="How many saves are kept.")
    credentials: Path | None = Field(
        None, description="An AWS credentials file (mode 0600) for s3://; by default the AWS_ variables are used."
    )

    @model_validator(mode="after")
    def _usable(self) -> Saves:
        if self.place and "://" not in self.place and not Path(self.place).expanduser().is_absolute():
            raise ValueError("place: write a whole path, such as /mnt/backup/skrt-hub, or s3://bucket/folder")
        if self.every and not self.place:
            raise ValueError("`every` needs a `place`")
        if 0 < self.every < 600:
            raise ValueError("every: save at most every 10 min")
        return self


class Data(Section):
    """A folder of data that every participant can read at /data/<name>, and nobody can change."""

    name: str = Field(description="The folder's name below /data.", pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")
    folder: Path = Field(description="The folder on this machine; on Kubernetes, on the node.")


_REGISTRY = re.compile(r"^[a-z0-9.-]+(:[0-9]+)?(/[a-z0-9]+([._-]+[a-z0-9]+)*)*/?$")


Platform = Literal["linux/amd64", "linux/arm64"]


def architecture_of(platform: str) -> str:
    """The type of processor in a platform's name: arm64 of linux/arm64."""
    return platform.rpartition("/")[2]


class Image(Section):
    """The participants' image on Kubernetes."""

    name: str = Field(
        "",
        description="A published image to use in place of the project's own, such as registry.example.org/class:2026.",
    )
    load: str = Field(
        "",
        description="A command that brings an image into the cluster's nodes; {image} stands for the image's name. "
        "Not needed for minikube, kind and k3d.",
    )
    push: str = Field(
        "",
        description="A registry and folder that the cluster pulls from, such as registry.example.org/physics; "
        "`up` pushes the image there.",
    )
    pull_secret: str = Field("", description="The name of a secret in the namespace that may pull the image.")
    platforms: tuple[Platform, ...] = Field(
        (),
        description="What to build the image for: linux/amd64, linux/arm64, or both (with `push`). By default for the "
        "processors of this machine. Others are imitated during the build, which takes long. "
        "Servers start on nodes of these types only.",
    )

    @model_validator(mode="after")
    def _reachable(self) -> Image:
        if len(self.platforms) > 1 and not self.push and not self.name:
            raise ValueError(
                "an image for several platforms comes from a registry, from which each node takes its own; "
                "write `push`, too, or leave one platform"
            )
        return self

    @property
    def architectures(self) -> tuple[str, ...]:
        """The types of processors in `platforms`, as nodes tell theirs."""
        return tuple(map(architecture_of, self.platforms))

    @field_validator("platforms")
    @classmethod
    def _each_once(cls, value: tuple[Platform, ...]) -> tuple[Platform, ...]:
        return tuple(sorted(set(value)))

    @field_validator("push")
    @classmethod
    def _a_registry(cls, value: str) -> str:
        host = value.partition("/")[0]
        if value and not (_REGISTRY.match(value) and (host == "localhost" or "." in host or ":" in host)):
            raise ValueError(
                "write the registry's host and a folder there, in lower case and without https://, "
                "such as registry.example.org/physics or docker.io/physics"
            )
        return value


class Tls(Section):
    """Encryption on Kubernetes: an own certificate, an automatic one, or the ingress's."""

    certificate: Path | None = Field(None, description="An own certificate chain (PEM); with `key`.")
    key: Path | None = Field(None, description="The private key of that certificate (PEM).")
    email: str = Field("", description="Get a certificate automatically (ACME); the address gets its reminders.")
    secret: str = Field("", description="With `access: ingress`: the TLS secret in the namespace that it uses.")

    @model_validator(mode="after")
    def _whole(self) -> Tls:
        if (self.certificate is None) != (self.key is None):
            raise ValueError("certificate and key go together")
        if self.certificate is not None and self.email:
            raise ValueError("give an own certificate, or an email for an automatic one, not both")
        return self

    @property
    def at_the_proxy(self) -> bool:
        """Whether the hub's own proxy ends the encryption (and not an ingress before it)."""
        return self.certificate is not None or bool(self.email)


class Minikube(Section):
    """The minikube cluster that `up` makes where there is none; an existing one keeps its sizes."""

    cpus: int = Field(2, ge=1, description="Processors of the cluster.")
    memory: Size = Field(6 * 10**9, ge=2 * 10**9, description="Memory of the cluster, at least 2 GB.")
    disk: Size = Field(30 * 10**9, ge=10 * 10**9, description="Disk of the cluster, at least 10 GB.")
    driver: str = Field("", description="minikube's driver, such as docker or podman; by default its own choice.")


_DNS_LABEL = r"^([a-z0-9]([a-z0-9-]{0,51}[a-z0-9])?)?$"


class Kubernetes(Section):
    """What only `target: kubernetes` uses."""

    context: str = Field("", description="The kube context; by default the current one.")
    namespace: str = Field("", pattern=_DNS_LABEL, description="The namespace; by default the hub's name.")
    release: str = Field("", pattern=_DNS_LABEL, description="The Helm release; by default the hub's name.")
    take_over: bool = Field(
        False,
        description="Take over a JupyterHub release that skrt-hub did not make; its volumes and its database are kept.",
    )
    chart: Path | None = Field(
        None, description="A local copy of the Zero to JupyterHub chart, for a cluster without internet."
    )
    access: Literal["port-forward", "load-balancer", "node-port", "ingress"] = Field(
        "port-forward",
        description="How a browser reaches the hub. `port-forward`: at address and port above, from this machine. "
        "The others can be reached from outside.",
    )
    host: str = Field("", description="The hub's host name, for `access: ingress` and for an automatic certificate.")
    ingress_class: str = Field("", description="The ingress class; by default the cluster's default one.")
    tls: Tls = Field(default_factory=Tls, description="Encryption.")
    placeholders: int = Field(
        0, ge=0, description="Seats kept free and images pulled in advance, for a class of this size on a big cluster."
    )
    memory_guarantee: Size = Field(
        0, description="Memory that the scheduler sets aside for each participant. 0: a quarter of limits.memory."
    )
    cpu_guarantee: float = Field(
        0, ge=0, description="Processors set aside for each participant. 0: a twentieth of limits.cpu."
    )
    cpu_burst: float = Field(
        1,
        ge=0,
        description="Processors beyond limits.cpu that a pod may use while others leave them free: a server and its "
        "kernel then start side by side. The engines' threads stay as limits.cpu says.",
    )
    storage_class: str = Field("", description="The storage class of homes; by default the cluster's default one.")
    home_size: Size = Field(
        10 * 10**9, ge=10**8, description="The size of each participant's volume where limits.home is 0."
    )
    time_limit: Duration = Field(900, ge=30, description="How long `up` waits until the hub is ready.")
    image: Image = Field(default_factory=Image, description="The participants' image.")
    minikube: Minikube = Field(default_factory=Minikube, description="The minikube cluster, where `up` makes it.")
    values: dict[str, Any] = Field(default_factory=dict, description="Raw chart values, laid over the rendered ones.")

    @model_validator(mode="after")
    def _possible(self) -> Kubernetes:
        if self.access == "ingress" and not self.host:
            raise ValueError("access: ingress needs `host`, the hub's host name")
        if self.tls.email and not self.host:
            raise ValueError("an automatic certificate (tls.email) needs `host`, the hub's host name")
        if self.tls.at_the_proxy and self.access in ("port-forward", "ingress"):
            raise ValueError("a certificate at the hub's proxy goes with access: load-balancer or node-port")
        return self


class Settings(Section):
    """One hub, for both targets."""

    name: str = Field(
        "skrt-hub",
        pattern=r"^[a-z][a-z0-9-]{0,38}[a-z0-9]$",
        description="The hub's name: 2 to 40 lower-case letters, digits and hyphens.",
    )
    target: Literal["machine", "kubernetes"] = Field(
        "machine", description="Where the hub runs: `machine` or `kubernetes`."
    )
    address: str = Field("127.0.0.1", description="The address to listen on. 127.0.0.1: this machine only.")
    port: int = Field(8000, ge=1, le=65535, description="The port of the log-in page.")
    login: Login = Field(default_factory=Login, description="How participants log in.")
    admins: tuple[str, ...] = Field((), description="Names that may manage the hub in its admin page.")
    participants: tuple[str, ...] = Field((), description="Names that may log in. Empty: any name.")
    limits: Limits = Field(default_factory=Limits, description="What one participant, and all together, may use.")
    sandbox: Literal["namespaces", "none"] = Field(
        "namespaces",
        description="On one machine: `none` lets participants see each other's files and the hub's, so it is only for "
        "people you trust.",
    )
    fork_server: bool = Field(
        True,
        description="Start servers and kernels from a process that has the libraries imported: some ten times as fast. "
        "`false`: each starts by itself.",
    )
    engines: Engines = Field(default_factory=Engines, description="Where the registration engines come from.")
    material: tuple[Material, ...] = Field(
        (), description="Folders placed in every home, beside the built-in examples."
    )
    data: tuple[Data, ...] = Field((), description="Shared read-only data.")
    saves: Saves = Field(default_factory=Saves, description="Saved copies of homes.")
    kubernetes: Kubernetes = Field(default_factory=Kubernetes, description="What only `target: kubernetes` uses.")

    @field_validator("login", mode="before")
    @classmethod
    def _a_bare_kind(cls, value: Any) -> Any:
        return {"kind": value} if isinstance(value, str) else value

    @field_validator("participants", "admins")
    @classmethod
    def _names(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(names.usable(name) for name in value))

    @field_validator("address")
    @classmethod
    def _an_address(cls, value: str) -> str:
        if value == "localhost":
            return "127.0.0.1"
        try:
            return str(ipaddress.ip_address(value))
        except ValueError:
            raise ValueError("write an IP address of this machine, such as 127.0.0.1 or 0.0.0.0") from None

    @model_validator(mode="after")
    def _possible(self) -> Settings:
        reachable = self._reachable_through
        if reachable and not self.login.beyond_loopback:
            raise ValueError(
                f"{reachable} can be reached from other machines, and with the first-use log-in anybody "
                "there may make an account; to allow that, write `login: {kind: first-use, beyond_loopback: true}`"
            )
        named = {
            "material": [item.name for item in self.material if item.name],
            "data": [item.name for item in self.data],
        }
        for kind, given in named.items():
            twice = sorted({name for name in given if given.count(name) > 1})
            if twice:
                raise ValueError(f"{kind} has two entries called {twice[0]}")
        return self

    @property
    def _reachable_through(self) -> str:
        """The setting through which other machines reach the hub, on whichever target it is brought up, or nothing."""
        if self.kubernetes.access != "port-forward":
            return f"kubernetes.access {self.kubernetes.access}"
        return "" if self.on_loopback else f"address {self.address}"

    @property
    def on_loopback(self) -> bool:
        """Whether only this machine can reach the hub."""
        return ipaddress.ip_address(self.address).is_loopback

    @property
    def url(self) -> str:
        """The address to type in a browser on this machine."""
        host = "127.0.0.1" if ipaddress.ip_address(self.address).is_unspecified else self.address
        return f"http://[{host}]:{self.port}/" if ":" in host else f"http://{host}:{self.port}/"
