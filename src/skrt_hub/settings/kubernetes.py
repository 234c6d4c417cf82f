"""hub.yaml's `kubernetes`: what only `target: kubernetes` uses."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import Field, model_validator

from skrt_hub.settings.image import Image
from skrt_hub.settings.section import Section
from skrt_hub.settings.units import Duration, Size


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
    dask_chart: Path | None = Field(
        None,
        description="A local copy of the dask-gateway chart, for a cluster without internet and `cohort: workers`.",
    )
    access: Literal["port-forward", "load-balancer", "node-port", "ingress"] = Field(
        "port-forward",
        description="How a browser reaches the hub. `port-forward`: at address and port above, from this machine. "
        "The others can be reached from outside.",
    )
    host: str = Field("", description="The hub's host name, for `access: ingress` and for an automatic certificate.")
    ingress_class: str = Field("", description="The ingress class; by default the cluster's default one.")
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
    shared_storage_class: str = Field(
        "",
        description="The storage class of `shared` folders, whose volumes many pods mount at a time (ReadWriteMany); "
        "by default that of homes.",
    )
    home_size: Size = Field(
        10 * 10**9, ge=10**8, description="The size of each participant's volume where limits.home is 0."
    )
    time_limit: Duration = Field(900, ge=30, description="How long `up` waits until the hub is ready.")
    image: Image = Field(default_factory=Image, description="The participants' image.")
    minikube: Minikube = Field(default_factory=Minikube, description="The minikube cluster, where `up` makes it.")
    values: dict[str, Any] = Field(default_factory=dict, description="Raw chart values, laid over the rendered ones.")

    dask_values: dict[str, Any] = Field(
        default_factory=dict, description="Raw values of the dask-gateway chart, laid over the rendered ones."
    )

    @model_validator(mode="after")
    def _possible(self) -> Kubernetes:
        if self.access == "ingress" and not self.host:
            raise ValueError("access: ingress needs `host`, the hub's host name")
        return self
