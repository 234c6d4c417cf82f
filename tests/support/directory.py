"""An institution's directory: Debian's slapd as a process of its own, with people and groups in it."""

from __future__ import annotations

import contextlib
import datetime
import ipaddress
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.support.hubs import free_port

SUFFIX = "dc=uni,dc=example"
PEOPLE = f"ou=people,{SUFFIX}"
READER = f"cn=hub,ou=services,{SUFFIX}"
READERS_WORD = "the reader's own word"
COURSE, STAFF = f"cn=course,ou=groups,{SUFFIX}", f"cn=staff,ou=groups,{SUFFIX}"
SLAPD = shutil.which("slapd") or shutil.which("slapd", path="/usr/sbin")

_CONFIG = """
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
modulepath /usr/lib/ldap
moduleload back_mdb
pidfile {folder}/slapd.pid
allow bind_anon_cred
TLSCACertificateFile {folder}/server.crt
TLSCertificateFile {folder}/server.crt
TLSCertificateKeyFile {folder}/server.key
database mdb
suffix "{suffix}"
rootdn "cn=root,{suffix}"
rootpw root
directory {folder}/data
access to attrs=userPassword by anonymous auth by * none
access to * by * read
"""
_PEOPLE = {  # login name: shown, password, address
    "anna": ("Anna Müller", "Anna's own word", "anna@uni.example"),
    "ben": ("Ben Example", "Ben's own word", "ben@uni.example"),
    "petra": ("Petra Staff", "Petra's own word", "petra@uni.example"),
    "nobody": ("Norbert Body", "Norbert's own word", "norbert@uni.example"),
}


@dataclass(frozen=True)
class Campus:
    """The directory: its two addresses, the certificate that both show, and the program."""

    plain: str
    encrypted: str
    certificate: Path
    process: subprocess.Popen[bytes]


def word_of(name: str) -> str:
    """Somebody's password there."""
    return _PEOPLE[name][1]


@contextlib.contextmanager
def campus(folder: Path, address: str = "127.0.0.1") -> Iterator[Campus]:
    """A directory that runs at an address. As some do, it takes an empty password for a log-in of nobody."""
    assert SLAPD is not None
    (folder / "data").mkdir(parents=True)
    _certificate(folder, address)
    config = folder / "slapd.conf"
    config.write_text(_CONFIG.format(folder=folder, suffix=SUFFIX), encoding="utf-8")
    (folder / "people.ldif").write_text(_entries(), encoding="utf-8")
    subprocess.run([_beside("slapadd"), "-f", config, "-l", folder / "people.ldif"], check=True, timeout=60)
    ports = free_port(), free_port()
    plain, encrypted = (f"{kind}://{address}:{port}" for kind, port in zip(("ldap", "ldaps"), ports, strict=True))
    process = subprocess.Popen([SLAPD, "-d", "0", "-f", config, "-h", f"{plain} {encrypted}"])
    try:
        deadline = time.monotonic() + 30
        while not all(_answers(address, port) for port in ports):
            assert process.poll() is None, "slapd ended"
            assert time.monotonic() < deadline, "slapd did not start"
            time.sleep(0.1)
        yield Campus(plain, encrypted, folder / "server.crt", process)
    finally:
        process.terminate()
        process.wait(10)


def _answers(address: str, port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection((address, port), 1):
        return True
    return False


def _beside(program: str) -> str:
    return str(Path(SLAPD or "").with_name(program))


def _entries() -> str:
    top = f"dn: {SUFFIX}\nobjectClass: domain\ndc: uni\n"
    units = [f"dn: ou={unit},{SUFFIX}\nobjectClass: organizationalUnit\n" for unit in ("people", "services", "groups")]
    reader = f"dn: {READER}\nobjectClass: person\nsn: hub\nuserPassword: {READERS_WORD}\n"
    people = [
        f"dn: uid={name},{PEOPLE}\nobjectClass: inetOrgPerson\ncn: {shown}\nsn: {shown}\nmail: {mail}\n"
        f"userPassword: {word}\n"
        for name, (shown, word, mail) in _PEOPLE.items()
    ]
    groups = [
        f"dn: {group}\nobjectClass: groupOfNames\nmember: uid={member},{PEOPLE}\n"
        for group, member in ((COURSE, "ben"), (STAFF, "petra"))
    ]
    return "\n".join([top, *units, reader, *people, *groups])


def _certificate(folder: Path, address: str) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "directory")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=7))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(address))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / "server.crt").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    kind, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    (folder / "server.key").write_bytes(key.private_bytes(kind, form, serialization.NoEncryption()))
