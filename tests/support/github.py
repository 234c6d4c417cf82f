"""A GitHub Enterprise server as far as its log-in goes, as a process of its own: `python -m tests.support.github PORT`.

It speaks what docs.github.com tells of OAuth apps and of the REST interface: no id_token, no discovery, answers of the
kind `application/vnd.github+json`, lists in pages.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import secrets
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.support.hubs import free_port
from tests.support.institution import SECRET, Institution

CLIENT = "skrt-hub"
PEOPLE: dict[str, dict[str, Any]] = {}
CODES: dict[str, dict[str, str]] = {}
TOKENS: dict[str, dict[str, Any]] = {}


class Server(BaseHTTPRequestHandler):
    """One request."""

    def log_message(self, format: str, *arguments: Any) -> None:
        pass

    @property
    def query(self) -> dict[str, str]:
        return dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(self.path).query))

    def body(self) -> str:
        return self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()

    def say(self, document: Any, status: int = 200, **headers: str) -> None:
        text = json.dumps(document).encode()
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", "Content-Length": str(len(text)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(text)

    def do_GET(self) -> None:
        path = urllib.parse.urlsplit(self.path).path
        if path == "/login/oauth/authorize":
            asked = self.query
            assert asked["client_id"] == CLIENT and asked["code_challenge_method"] == "S256"
            self.say("who are you?")
        elif path.startswith("/api/v3/user"):
            self.interface(path.removeprefix("/api/v3"))
        else:
            self.say({"message": "Not Found"}, 404)

    def interface(self, path: str) -> None:
        token = TOKENS.get(self.headers.get("Authorization", "").partition(" ")[2])
        if token is None:
            self.say({"message": "Requires authentication"}, 401)
            return
        assert "github" in self.headers["Accept"] and self.headers["User-Agent"]
        person, scopes = PEOPLE[token["who"]], token["scopes"]
        if path == "/user":
            self.say({"id": int(token["who"]), "login": person["login"], "name": person.get("name"), "email": None})
            return
        needed, key = {"/user/emails": ("user:email", "emails"), "/user/orgs": ("read:org", "orgs")}.get(
            path, ("read:org", "teams")
        )
        if needed not in scopes:
            self.say({"message": "Not Found"}, 404)
            return
        size, page = int(self.query.get("per_page", 30)), int(self.query.get("page", 1))
        self.say(person.get(key, [])[(page - 1) * size : page * size])

    def do_POST(self) -> None:
        path, form = urllib.parse.urlsplit(self.path).path, dict(urllib.parse.parse_qsl(self.body()))
        if path == "/login/oauth/authorize":  # somebody says who they are
            asked, code = self.query, secrets.token_hex(10)
            CODES[code] = {**asked, "who": form["sub"]}
            back = urllib.parse.urlencode({"code": code, "state": asked["state"]})
            self.say("", 302, Location=f"{asked['redirect_uri']}?{back}")
        elif path == "/login/oauth/access_token":
            self.say(self.token(form))
        else:
            self.say({"message": "Not Found"}, 404)

    def token(self, form: dict[str, str]) -> dict[str, str]:
        if (form.get("client_id"), form.get("client_secret")) != (CLIENT, SECRET):
            return {"error": "incorrect_client_credentials", "error_description": "The client_id is wrong."}
        asked = CODES.pop(form.get("code", ""), None)
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        if asked is None or asked["code_challenge"] != challenge or asked["redirect_uri"] != form["redirect_uri"]:
            return {"error": "bad_verification_code", "error_description": "The code is incorrect or expired."}
        made = secrets.token_hex(20)
        TOKENS[made] = {"who": asked["who"], "scopes": asked["scope"].replace(",", " ").split()}
        return {"access_token": made, "token_type": "bearer", "scope": asked["scope"]}

    def do_PUT(self) -> None:
        PEOPLE[self.path.rpartition("/")[2]] = json.loads(self.body())
        self.say({})


@contextlib.contextmanager
def github() -> Iterator[Institution]:
    """It, running, with nobody in it."""
    port = free_port()
    process = subprocess.Popen([sys.executable, "-m", "tests.support.github", str(port)])
    there = Institution(f"http://127.0.0.1:{port}")
    try:
        deadline = time.monotonic() + 30
        while True:
            try:
                urllib.request.urlopen(f"{there.issuer}/nothing", timeout=5).close()
            except urllib.error.HTTPError:
                break
            except OSError:
                assert process.poll() is None and time.monotonic() < deadline
                time.sleep(0.1)
        yield there
    finally:
        process.terminate()
        process.wait(10)


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Server).serve_forever()
