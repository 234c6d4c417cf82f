"""hub.yaml's `environment`: packages of the organiser's own, beside those that skrt-hub is tested with."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from pydantic import Field, field_validator, model_validator

from skrt_hub.settings.section import Section

LOCK = "hub.lock.txt"
_TAKEN = ("python", "python2", "python3", "scikit-rt")
_VERSION = re.compile(r"\d+(\.\d+)*([a-z]+\d+)?")


class Toolkit(Section):
    """Which scikit-rt: a published version, or the code of a git repository or a folder."""

    version: str = Field("", description="A published version, such as 0.8.2.")
    git: str = Field("", description="A git repository: an address, or a folder.")
    at: str = Field("", description="The branch, tag or commit of the git repository.")
    folder: Path | None = Field(None, description="A folder with the code.")

    @model_validator(mode="before")
    @classmethod
    def _a_bare_text(cls, value: Any) -> Any:
        if isinstance(value, int | float):
            raise ValueError('write the version in quotation marks, such as "0.9.0"')
        if not isinstance(value, str):
            return value
        if _VERSION.fullmatch(value):
            return {"version": value}
        return {"git": value} if "://" in value or value.startswith("git@") else {"folder": value}

    @model_validator(mode="after")
    def _exactly_one(self) -> Toolkit:
        if sum(map(bool, (self.version, self.git, self.folder))) != 1:
            raise ValueError("give exactly one of version, git or folder")
        if self.at and not self.git:
            raise ValueError("`at` goes with `git`")
        return self


class Additions(Section):
    """Packages of one's own beside those that skrt-hub is tested with."""

    packages: tuple[str, ...] = Field(
        (), description="Packages of the Python index, with or without versions, such as tabulate or torch>=2.8."
    )
    requirements: Path | None = Field(None, description="A file with such packages, one a line.")
    local: tuple[Path, ...] = Field((), description="Wheels (.whl), or folders of Python projects, of one's own.")
    scikit_rt: Toolkit | None = Field(
        None, description="Another scikit-rt: a version, an address or a folder; with a branch as {git: ..., at: ...}."
    )

    @field_validator("packages")
    @classmethod
    def _requirements(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        from packaging.requirements import InvalidRequirement, Requirement  # noqa: PLC0415 - few hubs name any

        for text in value:
            try:
                given = Requirement(text)
            except InvalidRequirement:
                raise ValueError(
                    f"{text!r} is not a package; write its name, and a version where one is needed: torch>=2.8. "
                    "Wheels and folders go under `local`"
                ) from None
            if given.url is not None:
                raise ValueError(f"{given.name} has an address; fetch it, and write the folder or wheel under `local`")
            if given.name.lower().replace("_", "-") == "scikit-rt":
                raise ValueError("scikit-rt has a key of its own: scikit_rt")
        return value

    @property
    def any(self) -> bool:
        """Whether anything of one's own is wanted."""
        return bool(self.packages or self.requirements or self.local or self.scikit_rt)


class Other(Additions):
    """A further environment: what skrt-hub is tested with, and packages of its own."""

    name: str = Field(
        pattern=r"^[a-z][a-z0-9-]{0,28}[a-z0-9]$",
        description="Its name: 2 to 30 lower-case letters, digits and hyphens. It is a kernel in JupyterLab, and what "
        "a profile's `environment` names.",
    )
    fork_server: bool = Field(
        False,
        description="Start servers of profiles with this environment, and their kernels, from a process that has its "
        "libraries imported; on one machine that process takes some 300 MB. `false`: each starts by itself.",
    )

    @field_validator("name")
    @classmethod
    def _not_the_first(cls, value: str) -> str:
        if value in _TAKEN:
            raise ValueError(f"{value} is the name of a kernel that is there already; choose another")
        return value


class OwnPackages(Additions):
    """Packages of one's own in the participants' environment; what skrt-hub is tested with keeps its versions."""

    python: str = Field(
        "",
        pattern=r"^(3\.\d+)?$",
        description="The participants' Python on one machine, such as '3.13'. By default the newest that is installed, "
        "up to 3.13, with which skrt-hub is tested.",
    )
    others: tuple[Other, ...] = Field(
        (),
        description="Further environments beside this one, such as {name: gpu, packages: [torch]}: each is a kernel in "
        "JupyterLab, and what a profile's `environment` can name.",
    )
    apt: tuple[str, ...] = Field(
        (),
        description="Debian packages, such as graphviz: in the image on Kubernetes; on one machine `check` says which "
        "are missing.",
    )
    lock: Path | None = Field(
        None,
        description="The file in which `up` notes every version, with hashes; keep it with hub.yaml. By default "
        "hub.lock.txt beside hub.yaml. That of a further environment has its name in it: hub.lock.gpu.txt.",
    )

    @field_validator("python", mode="before")
    @classmethod
    def _in_quotation_marks(cls, value: Any) -> Any:
        if isinstance(value, float):
            raise ValueError('write it in quotation marks: "3.13"')
        return value

    @field_validator("apt")
    @classmethod
    def _debian_names(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for name in value:
            if not re.fullmatch(r"[a-z0-9][a-z0-9+.-]+", name):
                raise ValueError(f"{name!r} is not the name of a Debian package")
        return tuple(dict.fromkeys(value))

    @field_validator("others")
    @classmethod
    def _told_apart(cls, value: tuple[Other, ...]) -> tuple[Other, ...]:
        names = [other.name for other in value]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"there are two environments called {name}; change one")
        return value

    def noted_in(self, folder: Path) -> OwnPackages:
        """The same, with its lock in this folder where hub.yaml names none and there is something to note."""
        noted = self.any or any(other.any for other in self.others)
        return self.model_copy(update={"lock": folder / LOCK}) if noted and self.lock is None else self

    def of(self, other: Other) -> OwnPackages:
        """What a further environment holds, as if it were the only one; its lock is beside the first one's."""
        lock = None if self.lock is None else self.lock.with_suffix(f".{other.name}{self.lock.suffix}")
        given = {name: getattr(other, name) for name in Additions.model_fields}
        return OwnPackages.model_construct(**given, python=self.python, others=(), apt=(), lock=lock)
