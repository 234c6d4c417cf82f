"""Sets of data that the hub fetches once, checks by their hashes, and shows to everybody at /data/NAME."""

from __future__ import annotations

from skrt_hub.context import Context
from skrt_hub.datasets.record import read, state_of


def not_there(context: Context) -> tuple[str, ...]:
    """What `up` says of sets that hub.yaml names and nobody sees yet."""
    return tuple(
        f"data set {entry.name}: {state}. Bring it here with: skrt-hub datasets fetch {entry.name}"
        for entry in context.settings.datasets
        if (state := state_of(context.layout, entry).words) != "there"
    )


def fetched(context: Context) -> tuple[str, ...]:
    """The sets that hub.yaml names and that are here: those that pods can be given."""
    return tuple(entry.name for entry in context.settings.datasets if read(context.layout, entry.name))
