"""A certificate about to expire is told, wherever it is kept."""

import base64
import datetime as dt
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from skrt_hub.policy import certificates
from skrt_hub.settings.model import Settings
from skrt_hub.targets.kubernetes import certificate
from skrt_hub.targets.kubernetes.cluster.connection import Cluster

NOW = dt.datetime(2026, 11, 23, 8, 0, tzinfo=dt.UTC)


def pem(days: float) -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "hub.example.org")])
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    made = made.serial_number(1).not_valid_before(NOW - dt.timedelta(days=90))
    made = made.not_valid_after(NOW + dt.timedelta(days=days))
    return made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def told(hub: dict[str, Any], secret: dict[str, bytes] | None = None) -> str:
    data = {key: base64.b64encode(value).decode() for key, value in (secret or {}).items()}
    answer = json.dumps({"data": data}) if secret else ""
    kubectl = SimpleNamespace(run=lambda *words, **_: SimpleNamespace(code=0, out=answer))
    login = {"kind": "first-use", "beyond_loopback": True}
    settings = Settings.model_validate({"target": "kubernetes", "login": login, **hub})
    return certificate.warning(cast(Cluster, SimpleNamespace(settings=settings, kubectl=kubectl)), NOW)


@pytest.mark.parametrize(
    ("days", "words"), [(60, ""), (22, ""), (20, "in 20 days"), (1, "in 1 day"), (0.5, "less than"), (-1, "expired on")]
)
def test_it_is_told_three_weeks_before(days: float, words: str) -> None:
    said = certificates.warning("It", NOW + dt.timedelta(days=days), NOW, "Renew it.")
    assert (words in said and "Renew it." in said) if words else said == ""


def test_a_certificate_of_ones_own_is_read_from_its_file(tmp_path: Path) -> None:
    (tmp_path / "c.pem").write_bytes(pem(5))
    tls = {"certificate": str(tmp_path / "c.pem"), "key": str(tmp_path / "k.pem")}
    said = told({"kubernetes": {"access": "load-balancer"}, "tls": tls})
    assert "in 5 days" in said and str(tmp_path / "c.pem") in said


def test_one_in_a_secret_of_the_ingress() -> None:
    hub = {"kubernetes": {"access": "ingress", "host": "hub.example.org"}, "tls": {"secret": "class-tls"}}
    assert "class-tls" in told(hub, {"tls.crt": pem(3)})
    assert told(hub, {"tls.crt": pem(80)}) == told(hub) == told(hub, {"tls.crt": b"no certificate"}) == ""


def test_an_automatic_one_that_was_not_renewed() -> None:
    hub = {"kubernetes": {"access": "load-balancer", "host": "hub.example.org"}, "tls": {"acme": "a@example.org"}}

    def acme(days: float) -> dict[str, bytes]:
        entry = {"domain": {"main": "hub.example.org"}, "certificate": base64.b64encode(pem(days)).decode()}
        return {"acme.json": json.dumps({"default": {"Account": {}, "Certificates": [entry]}}).encode()}

    assert "not renewed" in told(hub, acme(9))
    assert told(hub, acme(60)) == told(hub, {"acme.json": b'{"default": {"Certificates": null}}'}) == ""
