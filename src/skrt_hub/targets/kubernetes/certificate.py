"""The certificate that browsers are shown, wherever it is kept: a file here, or a secret in the cluster."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from datetime import UTC, datetime

from cryptography import x509

from skrt_hub.policy import certificates
from skrt_hub.targets.kubernetes.cluster.connection import Cluster

ACME_SECRET, ACME_KEY = "proxy-public-tls-acme", "acme.json"


def warning(cluster: Cluster, now: datetime | None = None) -> str:
    """What `status` and `check` say of a certificate that is about to expire; nothing where all is well or unknown."""
    told = (certificates.warning(what, ends, now or datetime.now(UTC), remedy) for what, ends, remedy in _kept(cluster))
    return next(filter(None, told), "")


def _kept(cluster: Cluster) -> Iterator[tuple[str, datetime, str]]:
    """Each certificate that hub.yaml speaks of: what it is, when it ends, and what to do then."""
    tls = cluster.settings.tls
    try:
        if tls.certificate is not None:
            renew = f"Put a new one at {tls.certificate}, then run: skrt-hub up"
            yield f"The certificate {tls.certificate}", ends(tls.certificate.read_bytes()), renew
        if tls.secret and (data := _secret(cluster, tls.secret, "tls.crt")):
            yield f"The certificate in the secret {tls.secret}", ends(data), "Renew it where it comes from."
        if tls.acme and (data := _secret(cluster, ACME_SECRET, ACME_KEY)):
            for pem in acme_certificates(data):
                yield "The automatic certificate", ends(pem), "It was not renewed. See: skrt-hub logs autohttps"
    except (OSError, ValueError):
        return  # what cannot be read is told by `up`, which needs it


def _secret(cluster: Cluster, name: str, key: str) -> bytes:
    """A part of a secret; empty where there is none, or the account may not read it."""
    done = cluster.kubectl.run("get", "secret", name, "--output=json", "--ignore-not-found", check=False, quiet=True)
    if done.code != 0 or not done.out.strip():
        return b""
    return base64.b64decode((json.loads(done.out).get("data") or {}).get(key, ""))


def ends(pem: bytes) -> datetime:
    """When a chain's own certificate, its first, expires. Raises ValueError for what is none."""
    return x509.load_pem_x509_certificate(pem).not_valid_after_utc


def acme_certificates(data: bytes) -> list[bytes]:
    """The certificates in traefik's acme.json."""
    resolvers = json.loads(data).values()
    found = [entry for resolver in resolvers for entry in (resolver or {}).get("Certificates") or []]
    return [base64.b64decode(entry["certificate"]) for entry in found]
