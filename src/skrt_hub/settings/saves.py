"""hub.yaml's `saves`: saved copies of homes."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, model_validator

from skrt_hub.settings.section import Section
from skrt_hub.settings.units import Duration


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

    key: Path | None = Field(
        None,
        description="A file with the key by which copies are encrypted, made by `skrt-hub saves key FILE --make`. "
        "Nothing replaces it: keep a second copy elsewhere (docs/how-to/encrypted-copies.md).",
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
