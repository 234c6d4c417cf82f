"""hub.yaml's `profiles`: sizes of servers, one of which a participant chooses at the start."""

from __future__ import annotations

import re
import unicodedata

from pydantic import Field, field_validator

from skrt_hub.settings.environment import OwnPackages
from skrt_hub.settings.section import Section
from skrt_hub.settings.units import Size

MOST = 20


class ProfileLimits(Section):
    """What is different with this profile; the rest stays as `limits` of the hub says."""

    cpu: float | None = Field(None, gt=0, le=1024, description="Processors, in place of `limits.cpu`.")
    memory: Size | None = Field(None, ge=256 * 10**6, description="Memory, in place of `limits.memory`.")
    gpu: int | None = Field(None, ge=0, le=16, description="Graphics cards, in place of `limits.gpu`.")
    processes: int | None = Field(
        None, ge=64, description="Processes and threads, in place of `limits.processes`; on one machine."
    )


class Profile(Section):
    """One size of server."""

    name: str = Field(min_length=1, max_length=60, description="What participants choose by.")
    description: str = Field("", max_length=300, description="A line below the name.")
    limits: ProfileLimits = Field(
        default_factory=ProfileLimits, description="What is different from `limits` of the hub."
    )
    environment: str = Field(
        "", description="Which of `environment: others` its servers and their first kernel have. Empty: the hub's own."
    )

    @field_validator("name")
    @classmethod
    def _has_letters(cls, value: str) -> str:
        if not slug(value):
            raise ValueError("a profile's name needs a letter from a to z, or a digit")
        return value

    @property
    def slug(self) -> str:
        """The name in addresses and forms."""
        return slug(self.name)


def slug(name: str) -> str:
    """A name in small letters, digits and hyphens: `Large, with room` is `large-with-room`."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode("ascii").lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")


def check_profiles(profiles: tuple[Profile, ...]) -> tuple[Profile, ...]:
    """Raises ValueError where there are too many, or two that a choice could not tell apart."""
    if len(profiles) > MOST:
        raise ValueError(f"there are {len(profiles)}, and at most {MOST} can be chosen from")
    slugs = [profile.slug for profile in profiles]
    for number, profile in enumerate(profiles):
        if profile.slug in slugs[:number]:
            other = profiles[slugs.index(profile.slug)]
            raise ValueError(f"{other.name!r} and {profile.name!r} have the same name ({profile.slug}); change one")
    return profiles


def check_environments(profiles: tuple[Profile, ...], environment: OwnPackages) -> None:
    """Raises ValueError where a profile names an environment that there is not."""
    there = [other.name for other in environment.others]
    for profile in profiles:
        if profile.environment and profile.environment not in there:
            known = f"there are: {', '.join(there)}" if there else "there is none under `environment: others`"
            raise ValueError(f"profile {profile.name!r} has the environment {profile.environment!r}, and {known}")
