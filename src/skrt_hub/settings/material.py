"""hub.yaml's `material` and `data`: what participants are given."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import Field, model_validator

from skrt_hub.settings.section import Section


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


class Data(Section):
    """A folder of data that every participant can read at /data/<name>, and nobody can change."""

    name: str = Field(description="The folder's name below /data.", pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")
    folder: Path = Field(description="The folder on this machine; on Kubernetes, on the node.")
