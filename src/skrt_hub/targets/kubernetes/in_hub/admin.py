"""In the chart's hub: what the organiser's commands have done there, where its token, database and accounts are.

This file stands alone (standard library only). It comes to the pod's Python on standard input with a call of `main`
behind it, so what it is asked is in no argument and no log, and a hub of an older skrt-hub need not have it.
"""

from __future__ import annotations

import base64
import importlib
import json
import os
import sqlite3
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

PORT = 8081
DATABASE = "/srv/jupyterhub/jupyterhub.sqlite"
ACCOUNTS = "/srv/jupyterhub/accounts.json"
OWN_CONFIG = "/srv/jupyterhub/own-config.json"
STATE = "/srv/jupyterhub"
SEAT_KEEPER = "skrt_hub_seat_keeper"
HUB_MODULES = "/usr/local/etc/jupyterhub"
LOGIN = "skrt_hub_login"
TOKEN = "/usr/local/etc/jupyterhub/secret/hub.services.skrt-hub.apiToken"  # noqa: S105 - where it is, not what


def main(request: dict[str, Any]) -> None:
    """Do what `request` says under `do`, with the rest of it as arguments; the answer is printed as JSON."""
    given = dict(request)
    print(json.dumps(ACTIONS[given.pop("do")](**given)))


def ask(requests: list[tuple[str, str, Any]], token: str = TOKEN, port: int = PORT) -> list[tuple[int, str]]:
    """JupyterHub's answers to (method, path, body), each a status and a text; status 0 where it does not answer."""
    secret = Path(token).read_text(encoding="utf-8").strip()
    return [_answer(port, secret, *request) for request in requests]


def _answer(port: int, secret: str, method: str, path: str, body: Any) -> tuple[int, str]:
    data = None if body is None else json.dumps(body).encode()
    address = f"http://127.0.0.1:{port}/hub/api{path}"
    request = urllib.request.Request(address, data, {"Authorization": f"token {secret}"}, method=method)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=30) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode(errors="replace")
    except OSError as error:
        return 0, str(error)


def copy_database(file: str = DATABASE) -> str:
    """A consistent, checked copy of JupyterHub's database, in base 64; empty where there is none yet."""
    source = Path(file)
    if not source.exists():
        return ""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder, "copy.sqlite")
        with closing(sqlite3.connect(source)) as old, closing(sqlite3.connect(copy)) as new:
            old.backup(new)
            whole = new.execute("pragma integrity_check").fetchone()[0]
        if whole != "ok":
            sys.exit(f"the database is damaged: {whole}")
        return base64.b64encode(copy.read_bytes()).decode()


def tidy_database(file: str = DATABASE) -> bool:
    """Write the database anew, so that nothing of a removed row is left in its file."""
    if not Path(file).exists():
        return False
    with closing(sqlite3.connect(file, timeout=30, isolation_level=None)) as database:
        database.execute("vacuum")
        database.execute("pragma wal_checkpoint(truncate)")
    return True


def read_accounts(file: str = ACCOUNTS) -> str:
    """The accounts file as it is, in base 64; empty where there is none yet."""
    source = Path(file)
    return base64.b64encode(source.read_bytes()).decode() if source.exists() else ""


def accounts(
    method: str, arguments: list[Any], file: str = ACCOUNTS, folder: str = HUB_MODULES, package: str = LOGIN
) -> Any:
    """Have the hub's own log-in answer or change something, the only one that writes the accounts file.

    The answer is `{"answer": ...}`, `{"damaged": why}`, or `{"older": true}` where that hub does not know the question.
    """
    sys.path.insert(0, folder)
    try:
        requests = importlib.import_module(f"{package}.requests")
    except ModuleNotFoundError:
        requests = None
    if requests is None or method not in requests.ACTIONS:
        return {"older": True}
    return json.loads(requests.answer(file, json.dumps([method, *arguments])))


def own_config(file: str = OWN_CONFIG) -> Any:
    """What the hub noted of the organiser's own file for JupyterHub; null where it has none."""
    source = Path(file)
    return json.loads(source.read_text(encoding="utf-8")) if source.exists() else None


def seats(begin: bool, folder: str = STATE, modules: str = HUB_MODULES, keeper: str = SEAT_KEEPER) -> Any:
    """What the keeper of the seats wrote last; with `begin` it is asked to make them ready from now on.

    The answer is `{"older": true}` where the hub has none.
    """
    sys.path.insert(0, modules)
    try:
        module = importlib.import_module(keeper)
    except ModuleNotFoundError:
        return {"older": True}
    if begin:
        module.ask_now(Path(folder), time.time())
    return {"answer": module.read(Path(folder) / module.DONE)}


def room(folder: str = STATE) -> dict[str, int]:
    """What is free of the volume with the hub's database and accounts, in bytes and in files."""
    assert sys.platform != "win32", "pods are Linux; this is for who checks the types elsewhere"
    found = os.statvfs(folder)
    size, free = (blocks * found.f_frsize for blocks in (found.f_blocks, found.f_bavail))
    return {"size": size, "free": free, "files": found.f_files, "free_files": found.f_favail}


ACTIONS: dict[str, Callable[..., Any]] = {
    "ask": ask,
    "copy_database": copy_database,
    "tidy_database": tidy_database,
    "read_accounts": read_accounts,
    "accounts": accounts,
    "own_config": own_config,
    "seats": seats,
    "room": room,
}
