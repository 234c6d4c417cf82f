"""The certificate that the proxy shows, and the way in which the hub's own programs trust it.

Where no page is encrypted it is one that nobody sees: without any, traefik makes an RSA key each time the routes
change, which takes 60 ms of a processor for each change; with a certificate it is 3 ms.
"""

from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from skrt_hub.errors import SettingsError
from skrt_hub.files import write_atomically
from skrt_hub.hub.reach import names_of
from skrt_hub.layout import Layout
from skrt_hub.settings.model import Settings

if TYPE_CHECKING:  # takes the library of certificates along, which few commands need
    from skrt_hub.hub.authority import Authority

_LASTS = timedelta(days=36500)


def certificate_file(layout: Layout) -> Path:
    """The certificate and its key, in one file."""
    return layout.run / "proxy.pem"


def authority_of(layout: Layout, settings: Settings) -> Authority:
    """The hub's own certificate authority, made or not."""
    from skrt_hub.hub.authority import Authority  # noqa: PLC0415 - see above

    return Authority(layout.certificates, settings.page.title)


def ensure_certificate(layout: Layout, settings: Settings) -> bool:
    """Have the right certificate in its place: made anew, copied anew, or left alone; whether it changed.

    Raises SettingsError for an own certificate that cannot be used, StateError for a damaged authority.
    """
    path = certificate_file(layout)
    if settings.tls.certificate is not None and settings.tls.key is not None:
        content = own_certificate(settings.tls.certificate, settings.tls.key)
    elif settings.tls.authority:
        content, _ = authority_of(layout, settings).ensure(names_of(settings))
    elif path.exists():
        return False
    else:
        content = _make()
    if path.exists() and path.read_bytes() == content:
        return False
    write_atomically(path, content, mode=0o600)
    return True


def own_certificate(certificate: Path, key: Path) -> bytes:
    """An own chain and its key in one text. Raises SettingsError where they do not belong together or have ended."""
    remedy = "Correct tls.certificate and tls.key in hub.yaml."
    try:
        content = certificate.read_bytes().rstrip() + b"\n" + key.read_bytes()
        ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(certificate, key, password=_no_password)
    except ssl.SSLError as error:
        raise SettingsError(
            f"{certificate} and {key} cannot be used.", why=str(error.reason or error), remedy=remedy
        ) from None
    except OSError as error:
        raise SettingsError(f"{error.filename} cannot be read.", why=f"{error.strerror}.", remedy=remedy) from None
    return content


def _no_password() -> str:
    return ""  # a key with a password would be asked for at the terminal


def ends_in(layout: Layout) -> timedelta:
    """How long the certificate that the proxy shows still lasts."""
    from cryptography import x509  # noqa: PLC0415

    return x509.load_pem_x509_certificate(certificate_file(layout).read_bytes()).not_valid_after_utc - datetime.now(UTC)


def trust(layout: Layout, settings: Settings) -> ssl.SSLContext | None:
    """How the hub's own programs speak to it: with this very certificate at the other end. None: without encryption."""
    if not settings.url.startswith("https:"):
        return None
    context = ssl.create_default_context()
    context.check_hostname = False  # it is asked for at 127.0.0.1; the certificate itself is compared
    if settings.tls.acme:  # traefik keeps that one to itself
        context.verify_mode = ssl.CERT_NONE
        return context
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    context.load_verify_locations(certificate_file(layout))
    return context


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
