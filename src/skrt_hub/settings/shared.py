"""hub.yaml's `shared`: folders for the people of a group."""

from __future__ import annotations

from collections.abc import Iterable

from pydantic import Field

from skrt_hub.settings.section import Section
from skrt_hub.settings.units import Size


class Shared(Section):
    """A folder at /shared/<name> for the people of some groups; who writes there may change what others put there."""

    name: str = Field(description="The folder's name below /shared.", pattern=r"^[a-z0-9][a-z0-9-]{0,38}[a-z0-9]$")
    groups: tuple[str, ...] = Field(
        (),
        description="Whose it is: groups of the participants' list, or of the log-in provider. Organisers have it, "
        "too. Empty: everybody's who can log in.",
    )
    write: bool = Field(True, description="`false`: organisers write, and everybody else reads.")
    size: Size = Field(0, description="How much it may hold, as `5 GB`. 0: no limit; on Kubernetes, 10 GB.")


def ensure_names(shared: Iterable[Shared], data: Iterable[str], material: Iterable[str]) -> None:
    """Raises ValueError where a shared folder would have the name of another thing that people find by it."""
    seen: set[str] = set()
    for folder in shared:
        if folder.name in seen:
            raise ValueError(f"shared has two entries called {folder.name}")
        seen.add(folder.name)
        for kind, names in (("data", set(data)), ("material", set(material))):
            if folder.name in names:
                raise ValueError(
                    f"shared and {kind} both have an entry called {folder.name}; the link in homes can lead to one of "
                    "them only: give one another name"
                )
        if any(not group.strip() for group in folder.groups):
            raise ValueError(f"shared {folder.name}: one of its groups has no name")
