"""An automatic certificate from Debian's pebble, which weighs the hub's answers as an authority elsewhere does."""

from __future__ import annotations

import json
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from cryptography import x509

from tests.support.hubs import Hub, free_port

pytestmark = pytest.mark.long
NAME = "hub.example.org"


@contextmanager
def pebble(folder: Path, hub_port: int) -> Iterator[str]:
    """The directory of an authority that finds every name at this machine."""
    if shutil.which("pebble") is None or shutil.which("pebble-challtestsrv") is None:
        pytest.skip("pebble is not installed")
    port, manager, names, other = (free_port() for _ in range(4))
    make = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    make += ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", folder / "key.pem", "-out", folder / "own.pem"]
    subprocess.run(make, check=True, capture_output=True)
    own = {"certificate": f"{folder}/own.pem", "privateKey": f"{folder}/key.pem"}
    listens = {"listenAddress": f"127.0.0.1:{port}", "managementListenAddress": f"127.0.0.1:{manager}"}
    settings = {**listens, **own, "httpPort": free_port(), "tlsPort": hub_port}
    (folder / "pebble.json").write_text(json.dumps({"pebble": settings}), encoding="utf-8")
    name_service = [
        "pebble-challtestsrv",
        "-defaultIPv4",
        "127.0.0.1",
        "-defaultIPv6",
        "",
        "-http01",
        "",
        "-https01",
        "",
    ]
    name_service += ["-tlsalpn01", "", "-dns01", f"127.0.0.1:{names}", "-management", f"127.0.0.1:{other}"]
    authority = ["pebble", "-config", str(folder / "pebble.json"), "-dnsserver", f"127.0.0.1:{names}"]
    with (folder / "log").open("wb") as log:
        running = [subprocess.Popen(command, stdout=log, stderr=log) for command in (name_service, authority)]
    try:
        yield f"https://127.0.0.1:{port}/dir"
    finally:
        for program in running:
            program.terminate()
            program.wait(30)


def test_the_hub_gets_a_certificate_for_its_name(
    make_hub: Callable[..., Hub], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub = make_hub()
    with pebble(tmp_path, hub.port) as directory:
        # The authority's own certificate is nobody's; one on the internet has one that systems know.
        monkeypatch.setenv("LEGO_CA_CERTIFICATES", str(tmp_path / "own.pem"))
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "own.pem"))
        tls = {"acme": "you@example.org", "server": directory}
        hub.configure(address=NAME, tls=tls, login="codes", participants=["anna"])
        assert f"https://{NAME}:{hub.port}/" in hub.run("up").stdout
        end = time.monotonic() + 60
        while "Pebble" not in (issuer := issued_by(hub.port)) and time.monotonic() < end:
            time.sleep(0.5)
    assert "Pebble Intermediate" in issuer


def issued_by(port: int) -> str:
    """Who issued what the hub shows to a browser that asks for its name."""
    anybody = ssl.create_default_context()
    anybody.check_hostname, anybody.verify_mode = False, ssl.CERT_NONE
    with (
        socket.create_connection(("127.0.0.1", port)) as plain,
        anybody.wrap_socket(plain, server_hostname=NAME) as encrypted,
    ):
        shown = x509.load_der_x509_certificate(encrypted.getpeercert(binary_form=True) or b"")
    return shown.issuer.rfc4514_string()
