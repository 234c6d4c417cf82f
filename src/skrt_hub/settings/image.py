"""hub.yaml's `kubernetes.image`: the participants' image."""

from __future__ import annotations

import re
from typing import Literal

from pydantic import Field, field_validator, model_validator

from skrt_hub.settings.section import Section

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
