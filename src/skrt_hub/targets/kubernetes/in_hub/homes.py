"""In the chart's hub: finds a participant's home that is there already under another volume's name.

Volume names are made from participants' names, and the rule for that has changed: KubeSpawner 7 makes other names than
6 did for everything but plain letters and digits. It looks for an old name only where a server was running during the
upgrade. This looks at what is written on the volumes themselves, so a home is never replaced by a new, empty one.

This file stands alone (KubeSpawner's own libraries only): the chart hands it to the hub as it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

LABEL = "component=singleuser-storage"
NAME, SERVER = "hub.jupyter.org/username", "hub.jupyter.org/servername"


async def use_the_home_that_is_there(spawner: Any) -> None:
    """KubeSpawner's pre-spawn hook: takes a volume with the participant's name on it in place of making a new one."""
    found = await spawner.api.list_namespaced_persistent_volume_claim(spawner.namespace, label_selector=LABEL)
    name = claim_for(found.items, spawner.pvc_name, spawner.user.name, spawner.name)
    if name != spawner.pvc_name:
        spawner.log.warning("The home of %s is in the volume %s", spawner.user.name, name)
        spawner.pvc_name = name


def claim_for(claims: Sequence[Any], usual: str, user: str, server: str) -> str:
    """The claim that this participant's server gets, which may have to be made.

    The one of the `usual` name, unless another name is on it, as on that of somebody who was taken out; else one that
    says it is theirs; else a new one, under a name that no claim has.
    """
    owners = {str(claim.metadata.name): (claim.metadata.annotations or {}).get(NAME, user) for claim in claims}
    if owners.get(usual) == user:
        return usual
    if (there := claim_of(claims, user, server)) is not None:
        return there
    return next(name for name in (usual, *(f"{usual}-{number}" for number in range(2, 1000))) if name not in owners)


def claim_of(claims: Sequence[Any], user: str, server: str) -> str | None:
    """The oldest claim that says it belongs to this participant's server (the default one has no name)."""
    fitting = [
        claim.metadata
        for claim in claims
        if (claim.metadata.annotations or {}).get(NAME) == user
        and (claim.metadata.annotations or {}).get(SERVER, "") == server
        and claim.metadata.deletion_timestamp is None
    ]
    oldest = min(fitting, key=lambda metadata: metadata.creation_timestamp, default=None)
    return str(oldest.name) if oldest is not None else None
