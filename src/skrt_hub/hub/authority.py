"""A certificate authority for one hub, and the certificate that it gives the hub (RFC 5280).

The authority may speak for private addresses and for the hub's own names and addresses alone (name constraints):
whoever installs it trusts it for nothing else. Its key never leaves this machine. The hub's certificate lasts 397
days at most, as browsers ask for, and is made anew when the addresses change; the authority stays, so that nobody
installs it twice.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from skrt_hub.errors import StateError
from skrt_hub.files import ensure_folder, write_atomically
from skrt_hub.hub.reach import Names

_PRIVATE = (
    *("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "100.64.0.0/10", "127.0.0.0/8"),
    *("fc00::/7", "fe80::/10", "::1/128"),
)
_LOCAL_NAMES = ("localhost", "local", "lan", "home.arpa", "internal")
_AUTHORITY_LASTS = timedelta(days=3650)
_LEAF_LASTS = timedelta(days=390)
_RENEW_BEFORE = timedelta(days=30)
_EARLIER = timedelta(hours=25)  # clocks of phones may be behind


@dataclass(frozen=True)
class Authority:
    """The files of one hub's authority, in a folder that only its owner may read."""

    folder: Path
    hub: str

    @property
    def certificate(self) -> Path:
        """What participants install (PEM)."""
        return self.folder / "authority.crt"

    @property
    def _key(self) -> Path:
        return self.folder / "authority.key"

    @property
    def _leaf(self) -> Path:
        return self.folder / "hub.pem"

    def ensure(self, names: Names) -> tuple[bytes, bool]:
        """The hub's certificate, its chain and its key in one text, valid for these names; whether the authority is
        new.

        Raises StateError where the authority's files are damaged.
        """
        ensure_folder(self.folder, mode=0o700)
        new = not self.certificate.exists() or not self._may_speak_for(names)
        if new:
            self._make(names)
        if new or not self._still_right(names):
            self._make_leaf(names)
        return self._leaf.read_bytes(), new

    def fingerprint(self) -> str:
        """SHA-256 of the authority's certificate, as browsers and phones show it; empty where there is none."""
        if not self.certificate.exists():
            return ""
        digest = self._read().fingerprint(hashes.SHA256()).hex().upper()
        return ":".join(digest[start : start + 2] for start in range(0, len(digest), 2))

    def _read(self) -> x509.Certificate:
        try:
            return x509.load_pem_x509_certificate(self.certificate.read_bytes())
        except ValueError as error:
            raise StateError(
                f"The hub's authority {self.certificate} is damaged.",
                why=str(error),
                remedy=f"Remove {self.folder} and run `skrt-hub up`: a new one is made, to be installed anew.",
            ) from None

    def _may_speak_for(self, names: Names) -> bool:
        constraints = self._read().extensions.get_extension_for_class(x509.NameConstraints).value
        permitted = constraints.permitted_subtrees or []
        networks = [ipaddress.ip_network(str(item.value)) for item in permitted if isinstance(item, x509.IPAddress)]
        domains = [item.value for item in permitted if isinstance(item, x509.DNSName)]
        return all(
            any(ipaddress.ip_address(address) in network for network in networks) for address in names.addresses
        ) and all(any(host == domain or host.endswith(f".{domain}") for domain in domains) for host in names.hosts)

    def _still_right(self, names: Names) -> bool:
        if not self._leaf.exists():
            return False
        leaf = x509.load_pem_x509_certificate(self._leaf.read_bytes())
        wanted, held = (
            _alternative_names(names),
            leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value,
        )
        return set(wanted) == set(held) and leaf.not_valid_after_utc - datetime.now(UTC) > _RENEW_BEFORE

    def _make(self, names: Names) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"{self.hub} (a hub for a class)"[:64])])
        networks = [ipaddress.ip_network(item) for item in (*_PRIVATE, *_beyond(names.addresses))]
        permitted = [*map(x509.DNSName, dict.fromkeys((*_LOCAL_NAMES, *names.hosts))), *map(x509.IPAddress, networks)]
        usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
        builder = (
            _builder(subject, subject, key, _AUTHORITY_LASTS)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(usage, critical=True)
            .add_extension(x509.NameConstraints(permitted, None), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        )
        write_atomically(self._key, _private(key), mode=0o600)
        write_atomically(self.certificate, _public(builder.sign(key, hashes.SHA256())), mode=0o644)
        self._leaf.unlink(missing_ok=True)

    def _make_leaf(self, names: Names) -> None:
        authority = self._read()
        signer = serialization.load_pem_private_key(self._key.read_bytes(), None)
        assert isinstance(signer, ec.EllipticCurvePrivateKey)
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, (*names.hosts, *names.addresses)[0][:64])])
        usage = x509.KeyUsage(True, False, False, False, False, False, False, False, False)
        identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key())
        builder = (
            _builder(subject, authority.subject, key, _LEAF_LASTS)
            .add_extension(_alternative_names(names), critical=False)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(usage, critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(identifier, critical=False)
        )
        chain = _public(builder.sign(signer, hashes.SHA256())) + _public(authority)
        write_atomically(self._leaf, chain + _private(key), mode=0o600)


def _alternative_names(names: Names) -> x509.SubjectAlternativeName:
    """The names as they stand in a certificate."""
    addresses = [x509.IPAddress(ipaddress.ip_address(item)) for item in names.addresses]
    return x509.SubjectAlternativeName([*map(x509.DNSName, names.hosts), *addresses])


def _beyond(addresses: Sequence[str]) -> list[str]:
    """Addresses of one's own that are not private, as networks of one each."""
    private = [ipaddress.ip_network(item) for item in _PRIVATE]
    found = [ipaddress.ip_address(item) for item in addresses]
    return [str(ipaddress.ip_network(item)) for item in found if not any(item in network for network in private)]


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, lasts: timedelta
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _EARLIER)
        .not_valid_after(now + lasts)
    )


def _public(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _private(key: ec.EllipticCurvePrivateKey) -> bytes:
    encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    return key.private_bytes(encoding, form, serialization.NoEncryption())
