"""What participants may reach on the network: the internet where `limits.internet` says so, and nothing nearer ever.

Nearer are private networks, the machine or cluster itself, and the metadata service of a cloud, which hands out keys.
On one machine routes and rules of skrt_hub.hub.internet see to it, in a cluster the chart's network policies.
"""

from __future__ import annotations

from skrt_hub.settings.model import Settings


def stricter_egress_rules(settings: Settings) -> dict[str, bool]:
    """What a pod may not connect to beside what the chart refuses (singleuser.networkPolicy.egressAllowRules).

    The chart refuses private networks and the metadata service by itself; names are asked of the cluster's own server.
    """
    return {} if settings.limits.internet else {"nonPrivateIPs": False, "dnsPortsCloudMetadataServer": False}
