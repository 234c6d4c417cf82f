"""The hub's own authority: a real TLS handshake trusts it for this hub's addresses, and for nothing else."""

from __future__ import annotations

import plistlib
import socket
import ssl
import threading
from pathlib import Path

import pytest
from pydantic import ValidationError

from skrt_hub.errors import SettingsError, StateError
from skrt_hub.hub.authority import Authority
from skrt_hub.hub.certificate import ensure_certificate, own_certificate, trust
from skrt_hub.hub.reach import Names
from skrt_hub.layout import Layout
from skrt_hub.login.certificate_pages import certificate_of, profile
from skrt_hub.settings.model import Settings

HERE = Names(("hub.example.org", "localhost"), ("192.168.7.7", "127.0.0.1"))


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path / "tls", "Course")


def shakes_hands(certificate: Path, host: str, client: ssl.SSLContext) -> bool:
    """Whether a browser that asks for `host` accepts this certificate."""
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(certificate)
    ours, theirs = socket.socketpair()

    def answer() -> None:
        try:
            server.wrap_socket(theirs, server_side=True).close()
        except OSError:
            theirs.close()

    thread = threading.Thread(target=answer)
    thread.start()
    try:
        client.wrap_socket(ours, server_hostname=host).close()
        return True
    except ssl.SSLError:
        ours.close()
        return False
    finally:
        thread.join(10)


def pem(authority: Authority, names: Names, tmp_path: Path) -> Path:
    file = tmp_path / "shown.pem"
    file.write_bytes(authority.ensure(names)[0])
    return file


@pytest.mark.parametrize("host", ["hub.example.org", "localhost", "192.168.7.7", "127.0.0.1"])
def test_who_installs_it_reaches_the_hub_without_a_warning(authority: Authority, tmp_path: Path, host: str) -> None:
    file = pem(authority, HERE, tmp_path)
    assert shakes_hands(file, host, ssl.create_default_context(cafile=str(authority.certificate)))
    assert not shakes_hands(file, host, ssl.create_default_context())


def test_it_speaks_for_no_other_site(authority: Authority, tmp_path: Path) -> None:
    authority.ensure(Names(("localhost",), ("127.0.0.1",)))
    stolen = Authority(authority.folder, "Course")
    stolen._make_leaf(Names(("bank.example.org",), ("203.0.113.5",)))  # whoever has the key tries this
    client = ssl.create_default_context(cafile=str(authority.certificate))
    for host in ("bank.example.org", "203.0.113.5"):
        assert not shakes_hands(authority.folder / "hub.pem", host, client)


def test_new_addresses_need_a_new_leaf_and_no_new_authority(authority: Authority, tmp_path: Path) -> None:
    first, made = authority.ensure(HERE)
    assert made
    assert authority.ensure(HERE) == (first, False)
    installed = ssl.create_default_context(cafile=str(authority.certificate))
    tomorrow = Names(("hub.example.org",), ("10.1.2.3",))
    assert authority.ensure(tomorrow)[1] is False
    assert shakes_hands(pem(authority, tomorrow, tmp_path), "10.1.2.3", installed)
    assert authority.ensure(Names(("other.example.org",), ()))[1] is True  # it may not speak for that name


def test_keys_are_for_their_owner_only_and_the_fingerprint_is_the_certificates(authority: Authority) -> None:
    authority.ensure(HERE)
    for file in authority.folder.iterdir():
        assert file.suffix == ".crt" or file.stat().st_mode & 0o077 == 0
    assert authority.folder.stat().st_mode & 0o077 == 0
    assert len(authority.fingerprint().split(":")) == 32


def test_a_damaged_authority_is_refused_in_words(authority: Authority) -> None:
    authority.ensure(HERE)
    authority.certificate.write_text("damaged")
    with pytest.raises(StateError, match="damaged"):
        authority.ensure(HERE)


def test_an_own_certificate_is_checked_and_taken_anew_when_it_was_renewed(authority: Authority, tmp_path: Path) -> None:
    chain, mark, key = authority.ensure(HERE)[0].partition(b"-----BEGIN PRIVATE KEY-----")
    (tmp_path / "c.pem").write_bytes(chain)
    (tmp_path / "k.pem").write_bytes(mark + key)
    tls = {"certificate": tmp_path / "c.pem", "key": tmp_path / "k.pem"}
    settings, layout = Settings.model_validate({"tls": tls}), Layout(tmp_path)
    layout.run.mkdir()
    assert ensure_certificate(layout, settings) is True
    assert ensure_certificate(layout, settings) is False
    (tmp_path / "c.pem").write_bytes(chain + b"\n# renewed\n")
    assert ensure_certificate(layout, settings) is True
    (tmp_path / "k.pem").write_text("no key")
    with pytest.raises(SettingsError, match="cannot be used"):
        own_certificate(tmp_path / "c.pem", tmp_path / "k.pem")


def test_the_hubs_own_programs_take_this_very_certificate_and_no_other(tmp_path: Path, authority: Authority) -> None:
    layout = Layout(tmp_path)
    layout.run.mkdir()
    settings = Settings.model_validate({"tls": "class"})
    ensure_certificate(layout, settings)
    context = trust(layout, settings)
    assert context is not None
    assert shakes_hands(layout.run / "proxy.pem", "127.0.0.1", context)
    assert not shakes_hands(pem(authority, HERE, tmp_path), "127.0.0.1", context)
    assert trust(layout, Settings()) is None


def test_phones_get_a_profile_that_holds_the_certificate(authority: Authority) -> None:
    authority.ensure(HERE)
    certificate = certificate_of(str(authority.certificate))
    document = plistlib.loads(profile("A & B <course>", certificate).encode())
    assert document["PayloadContent"][0]["PayloadContent"] == certificate
    assert document["PayloadDisplayName"] == "A & B <course>"


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"address": "lan"}, "tls: class"),
        ({"address": "192.168.7.7", "login": "first-use", "tls": "class"}, "login: codes"),
        ({"tls": {"acme": "a@example.org"}, "address": "lan"}, "host name"),
        ({"tls": {"authority": "class", "acme": "a@example.org"}}, "not several"),
        ({"tls": "none"}, "class"),
    ],
)
def test_what_is_not_safe_is_refused_with_the_line_to_add(given: dict[str, object], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        Settings.model_validate(given)


def test_beyond_this_machine_codes_are_the_default_and_old_keys_still_work() -> None:
    assert Settings().login.kind == "first-use"
    assert Settings.model_validate({"address": "lan", "tls": "class"}).login.kind == "codes"
    old = Settings.model_validate(
        {
            "kubernetes": {"host": "h.example.org", "tls": {"email": "a@example.org"}},
            "target": "machine",
            "address": "h.example.org",
        }
    )
    assert old.tls.acme == "a@example.org"
