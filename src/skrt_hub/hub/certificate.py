"""A certificate that nobody sees. Without one, traefik makes an RSA key each time the routes change.

That takes 60 ms of a processor for each change, also where no page is encrypted; with a certificate it is 3 ms.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from skrt_hub.files import write_atomically
from skrt_hub.layout import Layout

_LASTS = timedelta(days=36500)


def certificate_file(layout: Layout) -> Path:
    """The certificate and its key, in one file."""
    return layout.run / "proxy.pem"


def ensure_certificate(path: Path) -> None:
    """Make the certificate where there is none."""
    if not path.exists():
        write_atomically(path, _make(), mode=0o600)


def _make() -> bytes:
    """A self-signed certificate on the curve P-256, with its key, as PEM."""
    # Imported here because it is needed once in the life of a hub.
    from cryptography import x509  # noqa: PLC0415
    from cryptography.hazmat.primitives import hashes, serialization  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "skrt-hub")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + _LASTS)
        .sign(key, hashes.SHA256())
    )
    return certificate.public_bytes(serialization.Encoding.PEM) + key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
