"""hub.yaml's `datasets`: sets of data that the hub fetches once, for everybody to read."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator

from skrt_hub.settings.section import Section

_IN_HOMES = {"spect-ct": "data/spect_ct"}
"""Where in a home the notebooks that a known set is for look for it."""
_HASHES = {"sha256": 64, "md5": 32}


class Dataset(Section):
    """A set of data that `skrt-hub datasets fetch` brings to /data/<name>; a bare name is a set known by that name."""

    name: str = Field(
        description="The folder's name below /data. Without a source: the name of a known set, which "
        "`skrt-hub datasets list --known` shows.",
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$",
    )
    url: str = Field("", description="An address of a file (http or https); an archive is unpacked.")
    doi: str = Field("", description="The DOI of a record at Zenodo or Figshare, such as 10.5281/zenodo.1234567.")
    folder: Path | None = Field(None, description="A folder on this machine; it is copied.")
    s3: str = Field("", description="A folder in S3-compatible storage, such as s3://bucket/folder.")
    endpoint: str = Field("", description="With `s3`: the storage's address, where it is not that of AWS.")
    anonymous: bool = Field(False, description="With `s3`: ask without keys, as public storage allows.")
    credentials: Path | None = Field(
        None, description="With `s3`: a credentials file as for `saves`; by default the variables AWS_... are used."
    )
    hash: str = Field(
        "",
        description="What the set must be: `sha256:...` or `md5:...` of the file at `url`; of other sources the hash "
        "that `datasets list` shows. Without one, what was fetched first counts.",
    )
    patients: int = Field(0, ge=0, description="Only so many patients of a known set; 0: all.")
    licence: str = Field("", description="The licence, shown to everybody beside the data.")
    citation: str = Field("", description="How the set is to be cited.")

    @model_validator(mode="before")
    @classmethod
    def _a_bare_name_is_known(cls, value: Any) -> Any:
        return {"name": value} if isinstance(value, str) else value

    @field_validator("hash")
    @classmethod
    def _a_hash(cls, value: str) -> str:
        kind, _, digits = value.lower().partition(":")
        if value and (_HASHES.get(kind) != len(digits) or not re.fullmatch(r"[0-9a-f]+", digits)):
            raise ValueError("write it as sha256: and 64 hexadecimal digits, or md5: and 32")
        return value.lower()

    @model_validator(mode="after")
    def _one_source(self) -> Dataset:
        given = [key for key in ("url", "doi", "folder", "s3") if getattr(self, key)]
        if len(given) > 1:
            raise ValueError(f"{self.name} has {' and '.join(given)}; give one source alone")
        if self.url and urlsplit(self.url).scheme not in ("http", "https"):
            raise ValueError(f"{self.name}: the address must begin with https:// or http://")
        if self.url and not Path(urlsplit(self.url).path).name:
            raise ValueError(f"{self.name}: the address must end in a file's name")
        if self.s3 and not re.fullmatch(r"s3://[^/]+(/.*)?", self.s3):
            raise ValueError(f"{self.name}: write the place like s3://bucket/folder")
        if (self.endpoint or self.anonymous or self.credentials) and not self.s3:
            raise ValueError(f"{self.name}: endpoint, anonymous and credentials go with `s3`")
        if self.patients and given:
            raise ValueError(f"{self.name}: `patients` goes with a set that is known by name")
        if self.hash.startswith("md5:") and not self.url:
            raise ValueError(f"{self.name}: of a set of several files the hash is a sha256")
        return self

    @property
    def known(self) -> bool:
        """Whether it is one that the hub knows by its name."""
        return not (self.url or self.doi or self.folder or self.s3)

    @property
    def in_home(self) -> str:
        """Where in a home a link leads to it, or nothing."""
        return _IN_HOMES.get(self.name, "") if self.known else ""


def ensure_sets(datasets: Iterable[Dataset], data: Iterable[str]) -> None:
    """Raises ValueError where two things would stand at one place below /data."""
    seen: set[str] = set()
    for entry in datasets:
        if entry.name in seen:
            raise ValueError(f"datasets has two entries called {entry.name}")
        if entry.name in data:
            raise ValueError(f"data and datasets both have an entry called {entry.name}: give one another name")
        seen.add(entry.name)
