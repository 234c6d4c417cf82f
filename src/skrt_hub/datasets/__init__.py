"""Sets of data that the hub fetches once, checks by their hashes, and shows to everybody at /data/NAME."""

from __future__ import annotations

from skrt_hub.context import Context
from skrt_hub.datasets.record import state_of


def not_there(context: Context) -> tuple[str, ...]:
    """What `up` says of sets that hub.yaml names and nobody sees yet."""
    return tuple(
        f"data set {entry.name}: {state}. Bring it here with: skrt-hub datasets fetch {entry.name}"
        for entry in context.settings.datasets
        if (state := state_of(context.layout, entry).words) != "there"
    )
