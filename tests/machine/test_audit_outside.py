"""What the audit sees from outside of a hub without any of the rules: each attempt can succeed.

The hub is a server that answers everything to everybody; what a real one refuses is in hub/test_audit.py.
"""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator

import pytest

from skrt_hub.audit import outside
from skrt_hub.audit.outside import Outside

FORM = '<form><input type="hidden" name="_xsrf" value="x"></form>'


class Careless(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(302 if self.path.startswith("/hub/login?next=") else 200)
        self.send_header("Location", self.path.partition("next=")[2] or f"http://{self.headers['Host']}/hub/")
        self.send_header("Set-Cookie", "session=1; Path=/")
        self.end_headers()
        self.wfile.write(FORM.encode())

    do_POST = do_GET  # noqa: N815 - the library's name

    def log_message(self, *_: object) -> None:
        return


@pytest.fixture(scope="module")
def hub() -> Iterator[Outside]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Careless)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield Outside(f"http://127.0.0.1:{server.server_address[1]}/", "guest", {"with_password": "audit-1"})
    server.shutdown()


@pytest.mark.parametrize("probe", [probe for probe in outside.PROBES if probe.__name__ != "server_without_mark"])
def test_each_attempt_succeeds_without_the_rule(hub: Outside, probe: object) -> None:
    assert probe(hub).outcome == "reachable"  # type: ignore[operator]


def test_an_answer_of_the_server_itself_is_told_from_the_hubs(hub: Outside) -> None:
    class Server(Careless):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    found = outside.server_without_mark(Outside(f"http://127.0.0.1:{server.server_address[1]}/", "guest", {}))
    server.shutdown()
    assert found.outcome == "reachable"


def test_no_form_means_no_passwords_to_guess(hub: Outside) -> None:
    assert outside.guess_passwords(Outside(hub.url, "guest", {})).outcome == "not applicable"
