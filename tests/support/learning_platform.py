"""A learning platform (LTI 1.3), as a process of its own, and people who open the hub's link in a course of it.

It is told with each person what it shall say of them, true or not: `says` is laid over what it would say, `None` takes
out. The person is chosen by the link, as if somebody was logged in there.
"""

from __future__ import annotations

import contextlib
import http.cookiejar
import json
import re
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.support.hubs import Person, Refused, free_port

CLIENT, DEPLOYMENT, COURSE = "hub-at-the-platform", "7", "course-42"
LTI = "https://purl.imsglobal.org/spec/lti/claim/"
MEMBER = "http://purl.imsglobal.org/vocab/lis/v2/membership#"
_PAGE = "<!doctype html><title>Course</title><h1>{title}</h1><form action='{action}' method='post'>{fields}</form>"


@dataclass(frozen=True)
class LearningPlatform:
    """The platform at one address; `localhost`, which for a browser is another site than the hub's 127.0.0.1."""

    issuer: str

    def knows(self, sub: str, /, *, key: str = "own", **says: Any) -> None:
        """Somebody at the platform, with what it says of them; `key`: `own`, or `other` for one that is not its."""
        body = json.dumps({"key": key, "says": says}).encode()
        request = urllib.request.Request(f"{self.issuer}/people/{sub}", body, method="PUT")
        urllib.request.urlopen(request, timeout=10).close()


@contextlib.contextmanager
def learning_platform(*, listen: str = "127.0.0.1") -> Iterator[LearningPlatform]:
    """A platform that runs; `listen`: the address that it answers at, besides calling itself localhost."""
    port = free_port()
    command = [sys.executable, "-m", "tests.support.learning_platform", str(port), listen]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    there = LearningPlatform(f"http://localhost:{port}")
    try:
        deadline = time.monotonic() + 90
        while True:
            try:
                urllib.request.urlopen(f"{there.issuer}/keys", timeout=5).close()
                break
            except OSError:
                assert process.poll() is None, "the platform ended"
                assert time.monotonic() < deadline, "the platform did not start"
                time.sleep(0.1)
        yield there
    finally:
        process.terminate()
        process.wait(10)


class Learner(Person):
    """Somebody who opens the hub's link in the course, in a browser as far as forms and cookies go."""

    def __init__(self, url: str, platform: LearningPlatform, sub: str, name: str) -> None:
        super().__init__(url, name, "")
        self.platform, self.sub = platform, sub
        if url.startswith("http:"):  # browsers count this machine itself as safe without encryption
            self.cookies.set_policy(http.cookiejar.DefaultCookiePolicy(secure_protocols=("http", "https")))
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        self._opener = urllib.request.build_opener(
            urllib.request.HTTPCookieProcessor(self.cookies),
            urllib.request.ProxyHandler({}),
            urllib.request.HTTPSHandler(context=context),  # the hub's own authority is not installed here
        )
        self._opener.addheaders = self.headers

    def log_in(self) -> str:
        """Open the link; returns the address that came next. Raises Refused with the hub's words."""
        return self.come_back(self.begin())

    def begin(self, **over: str) -> dict[str, str]:
        """As far as the platform's last page; what that would send to the hub."""
        link = _fields(self.get(f"{self.platform.issuer}/course?sub={self.sub}&hub={urllib.parse.quote(self.url)}")[2])
        status, _, page = self.get(f"hub/lti13/oauth_login?{urllib.parse.urlencode({**link, **over})}")
        if status != 200:
            raise Refused(_words(page))
        return _fields(page)

    def come_back(self, form: Mapping[str, str]) -> str:
        """What the platform's last page sends."""
        body = urllib.parse.urlencode(form).encode()
        try:
            with self._opener.open(f"{self.url}hub/lti13/oauth_callback", body, 60) as answer:
                return str(answer.url)
        except urllib.error.HTTPError as error:
            raise Refused(_words(error.read().decode(errors="replace"))) from None

    @property
    def kept(self) -> list[http.cookiejar.Cookie]:
        """The cookies of a log-in that was begun."""
        return [cookie for cookie in self.cookies if cookie.name == "__Host-skrt-lti-launch"]


def _fields(page: str) -> dict[str, str]:
    return dict(re.findall(r"name='([^']*)' value='([^']*)'", page))


def _words(page: str) -> str:
    found = re.search(r'class="login_error" role="alert">([^<]*)<', page)
    return found[1] if found else page[:2000]


class _Handler(BaseHTTPRequestHandler):
    keys: Mapping[str, rsa.RSAPrivateKey]
    people: dict[str, dict[str, Any]]

    @property
    def own(self) -> str:
        return f"http://{self.headers['Host']}"

    def do_PUT(self) -> None:
        self.people[self.path.rpartition("/")[2]] = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self._send("{}")

    def do_GET(self) -> None:
        where = urllib.parse.urlsplit(self.path)
        asked = {key: values[0] for key, values in urllib.parse.parse_qs(where.query).items()}
        if where.path == "/keys":
            key = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(self.keys["own"].public_key()))
            self._send(json.dumps({"keys": [{**key, "kid": "k1", "use": "sig", "alg": "RS256"}]}))
        elif where.path == "/course":
            hub = asked["hub"]
            fields = {"iss": self.own, "login_hint": asked["sub"], "target_link_uri": hub, "client_id": CLIENT}
            self._form("Example course", f"{hub}hub/lti13/oauth_login", {**fields, "lti_message_hint": "m1"})
        elif where.path == "/auth" and asked["client_id"] == CLIENT and asked["lti_message_hint"] == "m1":
            token = self._token(asked["login_hint"], asked["nonce"])
            self._form("Back to the hub", asked["redirect_uri"], {"id_token": token, "state": asked["state"]})
        else:
            self.send_error(404)

    def _token(self, sub: str, nonce: str) -> str:
        now, person = int(time.time()), self.people[sub]
        said = {
            **{"iss": self.own, "aud": CLIENT, "sub": sub, "nonce": nonce, "iat": now, "exp": now + 300},
            f"{LTI}version": "1.3.0",
            f"{LTI}message_type": "LtiResourceLinkRequest",
            f"{LTI}deployment_id": DEPLOYMENT,
            f"{LTI}target_link_uri": "x",
            f"{LTI}resource_link": {"id": "link-1"},
            f"{LTI}context": {"id": COURSE, "title": "Radiotherapy"},
            f"{LTI}roles": [f"{MEMBER}Learner"],
            **person["says"],
        }
        said = {key: value for key, value in said.items() if value is not None}
        return jwt.encode(said, self.keys[person["key"]], algorithm="RS256", headers={"kid": "k1"})

    def _form(self, title: str, action: str, fields: Mapping[str, str]) -> None:
        inputs = "".join(f"<input type='hidden' name='{key}' value='{escape(value)}'>" for key, value in fields.items())
        button = "<button formtarget='_top'>Open</button>"
        self._send(_PAGE.format(title=title, action=escape(action), fields=inputs + button), "text/html")

    def _send(self, text: str, kind: str = "application/json") -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_: Any) -> None:
        """Nothing."""


if __name__ == "__main__":
    _Handler.keys = {name: rsa.generate_private_key(65537, 2048) for name in ("own", "other")}
    _Handler.people = {}
    ThreadingHTTPServer((sys.argv[2], int(sys.argv[1])), _Handler).serve_forever()
