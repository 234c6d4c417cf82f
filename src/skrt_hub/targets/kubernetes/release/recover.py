"""Mending a release that an interrupted command left half done, and telling a live command from a dead one.

Helm writes a revision as `pending-...` before it works and refuses every later operation while it is there. Mending
takes that one record away (a copy is kept): no object of the hub is removed, and the next upgrade applies the whole.
While a command works it renews a lease in the namespace (coordination.k8s.io/v1), so that another machine can see it.
"""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from skrt_hub.context import BUSY, WAIT
from skrt_hub.errors import BusyError, SkrtHubError
from skrt_hub.files import ensure_folder, write_atomically
from skrt_hub.targets.kubernetes.cluster.connection import Cluster
from skrt_hub.targets.kubernetes.release.revisions import Release

LEASE = "skrt-hub-command"
FRESH = 40.0
"""A lease renewed less than so many seconds ago belongs to a command that lives."""
RENEW_EVERY = 10.0


@dataclass
class Lease:
    """The lease of one command, renewed while it works."""

    cluster: Cluster
    holder: str
    _renewed: float = field(default=0.0)

    def renew(self) -> None:
        """Say again that this command lives, at most every ten seconds."""
        if time.monotonic() - self._renewed < RENEW_EVERY:
            return
        self._renewed = time.monotonic()
        self.cluster.kubectl.run("apply", "--filename=-", stdin=json.dumps(self._object()), quiet=True)

    def _object(self) -> dict[str, Any]:
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        return {
            "apiVersion": "coordination.k8s.io/v1",
            "kind": "Lease",
            "metadata": {"name": LEASE, "labels": {"app.kubernetes.io/managed-by": "skrt-hub"}},
            "spec": {"holderIdentity": self.holder, "renewTime": now, "leaseDurationSeconds": int(FRESH)},
        }


@contextmanager
def lease(cluster: Cluster) -> Iterator[Lease]:
    """Hold the namespace for one command. Raises BusyError while a command on another machine works on the hub.

    On this machine a lock on the state folder has been taken before: a lease of this machine is a dead command's.
    """
    host = socket.gethostname()
    found = cluster.kubectl.get("lease", LEASE)
    if found is not None:
        refuse_a_live_holder(found, host, now=datetime.now(UTC))
    own = Lease(cluster, f"{host}/{os.getpid()}")
    own.renew()
    try:
        yield own
    finally:
        try:
            cluster.kubectl.run("delete", "lease", LEASE, "--ignore-not-found", "--wait=false", quiet=True)
        except SkrtHubError:
            pass  # it grows old by itself


def refuse_a_live_holder(found: dict[str, Any], host: str, *, now: datetime) -> None:
    """Raises BusyError where another machine renewed the lease lately."""
    spec = found.get("spec") or {}
    holder, renewed = str(spec.get("holderIdentity", "")), str(spec.get("renewTime", ""))
    try:
        age = (now - datetime.fromisoformat(renewed)).total_seconds()
    except ValueError:
        return
    if holder.partition("/")[0] != host and age < FRESH:
        raise BusyError(
            BUSY,
            why=f"It runs on {holder.partition('/')[0]} and was active {max(0, age):.0f} s ago.",
            remedy=WAIT,
        )


def mend(cluster: Cluster, release: Release) -> str:
    """Take away the record of the interrupted operation; returns what was found and done, in words."""
    newest = release.newest
    if newest is None or not release.pending:
        return ""
    secret = f"sh.helm.release.v1.{release.name}.v{newest.number}"
    _keep_copy(cluster, secret)
    cluster.kubectl.run("delete", "secret", secret)
    remove_leftovers(cluster)
    what = {"pending-install": "An installation", "pending-upgrade": "An upgrade"}.get(newest.status, "A roll-back")
    return (
        f"{what} of the hub was interrupted ({newest.status}, revision {newest.number}). It is mended now: only that "
        "record was taken away; volumes, homes and the hub's database stay."
    )


def remove_leftovers(cluster: Cluster) -> None:
    """Remove what the chart makes for the time of an installation only, and marks so, where Helm did not come to it.

    An image puller that a failed installation left would be taken for the next one's.
    """
    words = ("--selector=hub.jupyter.org/deletable=true", "--ignore-not-found")
    cluster.kubectl.run("delete", "daemonsets.apps,jobs.batch", *words)
    cluster.kubectl.run("wait", "--for=delete", "pods", words[0], "--timeout=40s", check=False)


def _keep_copy(cluster: Cluster, secret: str) -> None:
    found = cluster.kubectl.get("secret", secret)
    if found is not None:
        folder = cluster.layout.kubernetes / "interrupted"
        ensure_folder(folder, mode=0o700)
        write_atomically(folder / f"{secret}.json", json.dumps(found), mode=0o600)
