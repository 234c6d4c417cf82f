"""What is done in the hub's pod: the program as it comes to the pod's Python, with files of the test."""

from __future__ import annotations

import base64
import json
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any, ClassVar, cast

import pytest

from skrt_hub.hub.room import too_little
from skrt_hub.login import accounts
from skrt_hub.login.accounts import Accounts
from skrt_hub.targets.kubernetes.cluster.hub_pod import HubPod, OlderHubError
from skrt_hub.targets.kubernetes.cluster.kubectl import Kubectl
from skrt_hub.targets.kubernetes.in_hub import admin

FOLDER = str(Path(accounts.__file__).parents[1])


class ThisPython:
    """In place of kubectl: the program runs here, and its command line is kept."""

    def __init__(self) -> None:
        self.arguments: tuple[str, ...] = ()

    def exec_python(self, workload: str, script: str, *arguments: str, deadline: float = 60) -> str:
        self.arguments = arguments
        command = [sys.executable, "-", *arguments]
        done = subprocess.run(command, input=script, capture_output=True, text=True, timeout=deadline, check=False)
        if done.returncode != 0:
            raise ChildProcessError(done.stderr)
        return done.stdout


class Interface(BaseHTTPRequestHandler):
    asked: ClassVar[list[tuple[str, str, str, str]]] = []

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        self.asked.append((self.command, self.path, self.headers["Authorization"], body))
        self.send_response(201 if self.path.endswith("/anna") else 409)
        self.end_headers()
        self.wfile.write(json.dumps({"path": self.path}).encode())

    def log_message(self, *_: Any) -> None:
        """Nothing."""


@pytest.fixture
def port() -> Iterator[int]:
    Interface.asked.clear()
    with HTTPServer(("127.0.0.1", 0), Interface) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


@pytest.fixture
def here() -> ThisPython:
    return ThisPython()


def done(here: ThisPython, **request: Any) -> Any:
    return HubPod(cast(Kubectl, here))._run(request)


def test_jupyterhub_is_asked_with_the_services_token(here: ThisPython, port: int, tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("secret\n")
    requests = [("POST", "/users/anna", None), ("POST", "/users/bob", {"admin": False})]
    answers = done(here, do="ask", requests=requests, token=str(token), port=port)
    assert [status for status, _ in answers] == [201, 409]
    assert [asked[:3] for asked in Interface.asked] == [
        ("POST", f"/hub/api/users/{name}", "token secret") for name in ("anna", "bob")
    ]
    assert json.loads(Interface.asked[1][3]) == {"admin": False}


def test_a_hub_that_does_not_answer_is_told_as_such(here: ThisPython, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("secret")
    ((status, _),) = done(here, do="ask", requests=[("GET", "/users", None)], token=str(tmp_path / "token"), port=1)
    assert status == 0


def test_the_databases_copy_is_whole_while_it_is_written(here: ThisPython, tmp_path: Path) -> None:
    file = tmp_path / "jupyterhub.sqlite"
    assert done(here, do="copy_database", file=str(file)) == ""
    writer = sqlite3.connect(file)
    writer.execute("pragma journal_mode=wal")
    writer.execute("create table users (name)")
    writer.execute("insert into users values ('anna')")
    writer.commit()
    copy = tmp_path / "copy.sqlite"
    copy.write_bytes(base64.b64decode(done(here, do="copy_database", file=str(file))))
    writer.close()
    assert sqlite3.connect(copy).execute("select name from users").fetchall() == [("anna",)]


def test_a_removed_row_leaves_nothing_in_the_databases_file(here: ThisPython, tmp_path: Path) -> None:
    file = tmp_path / "jupyterhub.sqlite"
    assert done(here, do="tidy_database", file=str(file)) is False
    with sqlite3.connect(file) as writer:
        writer.execute("pragma secure_delete = off")  # as some systems have it
        writer.execute("create table users (name)")
        writer.execute("insert into users values ('annegret')")
        writer.commit()
        writer.execute("delete from users")
    writer.close()
    assert b"annegret" in file.read_bytes()
    assert done(here, do="tidy_database", file=str(file)) is True
    assert b"annegret" not in file.read_bytes()


def test_the_room_of_the_hubs_volume_is_told(here: ThisPython, tmp_path: Path) -> None:
    told = done(here, do="room", folder=str(tmp_path))
    assert 0 < told["free"] <= told["size"]
    assert too_little(**{**told, "free": 10**6}) != ""
    assert too_little(**{**told, "free": told["size"], "free_files": told["files"]}) == ""


def test_a_damaged_database_is_refused(here: ThisPython, tmp_path: Path) -> None:
    file = tmp_path / "jupyterhub.sqlite"
    file.write_bytes(b"SQLite format 3\0" + bytes(5000))
    with pytest.raises(ChildProcessError):
        done(here, do="copy_database", file=str(file))


def test_accounts_are_written_by_the_hubs_own_class_and_no_password_is_an_argument(
    here: ThisPython, tmp_path: Path
) -> None:
    file = tmp_path / "accounts.json"
    where = {"do": "accounts", "file": str(file), "folder": FOLDER, "package": "login"}
    done(here, method="set", arguments=["anna", 'a "quoted" \\ pass\'word ä'], **where)
    assert here.arguments == ()
    assert Accounts(file).check("anna", 'a "quoted" \\ pass\'word ä')
    saved = Accounts(file).all()
    other = {**where, "file": str(tmp_path / "other.json")}
    assert done(here, method="take_up", arguments=[{**saved, "bob": {"locked": True}}], **other) == {"answer": 2}
    assert done(here, method="take_up", arguments=[{"bob": saved["anna"]}], **other) == {"answer": 0}
    assert Accounts(tmp_path / "other.json").check("bob", "x") is False
    assert done(here, method="names", arguments=[], **other) == {"answer": ["anna"]}
    assert base64.b64decode(done(here, do="read_accounts", file=str(file))) == file.read_bytes()
    (tmp_path / "other.json").write_text("{")
    assert "damaged" in done(here, method="names", arguments=[], **other)


def test_a_hub_of_an_older_skrt_hub_says_so(here: ThisPython, tmp_path: Path) -> None:
    where = {"do": "accounts", "file": str(tmp_path / "a.json"), "folder": FOLDER, "package": "login"}
    assert done(here, method="what_comes_later", arguments=[], **where) == {"older": True}
    assert done(here, method="all", arguments=[], **{**where, "package": "not_there_yet"}) == {"older": True}


def test_its_organiser_is_told_how_to_go_on() -> None:
    class AnOlderHub:
        def exec_python(self, *_: object, **__: object) -> str:
            return '{"older": true}'

    kubectl: Any = AnOlderHub()
    with pytest.raises(OlderHubError) as caught:
        HubPod(kubectl).accounts("all")
    assert "skrt-hub up" in caught.value.remedy


def test_the_program_needs_nothing_but_pythons_own_library() -> None:
    code = f"import sys; sys.modules['skrt_hub'] = None; exec(open({admin.__file__!r}).read())"
    subprocess.run([sys.executable, "-I", "-S", "-c", code], check=True, timeout=60)
