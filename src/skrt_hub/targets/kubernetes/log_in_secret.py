"""The secret that a log-in provider gave the hub: a Secret of its own, so that it is in no values and no release."""

from __future__ import annotations

import json

from skrt_hub.targets import institution
from skrt_hub.targets.kubernetes.cluster.connection import Cluster
from skrt_hub.targets.kubernetes.release import log_in


def ensure(cluster: Cluster) -> None:
    """Make it, or bring it up to date. Raises SettingsError for a file that cannot be used."""
    secret = institution.ensure_secret(cluster.settings)
    if not secret:
        return
    document = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "name": log_in.secret_name(cluster.settings),
            "labels": {"app.kubernetes.io/managed-by": "skrt-hub", "app.kubernetes.io/instance": cluster.release},
        },
        "stringData": {log_in.KEY: secret},
    }
    cluster.kubectl.run("apply", "--filename=-", stdin=json.dumps(document), quiet=True)


def remove(cluster: Cluster) -> None:
    """Take it away with the hub."""
    name = log_in.secret_name(cluster.settings)
    cluster.kubectl.run("delete", "secret", name, "--ignore-not-found", check=False)
