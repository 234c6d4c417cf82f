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
    from kubernetes_asyncio.client import ApiException  # noqa: PLC0415 - only there in the hub's pod

    try:
        await spawner.api.read_namespaced_persistent_volume_claim(spawner.pvc_name, spawner.namespace)
        return
    except ApiException as error:
        if error.status != 404:
            raise
    found = await spawner.api.list_namespaced_persistent_volume_claim(spawner.namespace, label_selector=LABEL)
    name = claim_of(found.items, spawner.user.name, spawner.name)
    if name is not None:
        spawner.log.warning("The home of %s is in the volume %s", spawner.user.name, name)
        spawner.pvc_name = name


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
