"""In the chart's hub: what the organiser's commands have done there, where its token, database and accounts are.

This file stands alone (standard library only). It comes to the pod's Python on standard input with a call of `main`
behind it, so what it is asked is in no argument and no log, and a hub of an older skrt-hub need not have it.
"""

from __future__ import annotations

import base64
import importlib.util
import json
import sqlite3
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

PORT = 8081
DATABASE = "/srv/jupyterhub/jupyterhub.sqlite"
ACCOUNTS = "/srv/jupyterhub/accounts.json"
AUTHENTICATOR = "/usr/local/etc/jupyterhub/skrt_hub_authenticator.py"
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


def read_accounts(file: str = ACCOUNTS) -> str:
    """The accounts file as it is, in base 64; empty where there is none yet."""
    source = Path(file)
    return base64.b64encode(source.read_bytes()).decode() if source.exists() else ""


def accounts(method: str, arguments: list[Any], file: str = ACCOUNTS, authenticator: str = AUTHENTICATOR) -> Any:
    """Call a method of the hub's own `Accounts`, the only one that writes the accounts file."""
    store = _module(authenticator).Accounts(Path(file))
    if not hasattr(store, method):
        sys.exit("the hub in the cluster was set up by an older skrt-hub; run: skrt-hub up")
    return getattr(store, method)(*arguments)


def _module(file: str) -> Any:
    spec = importlib.util.spec_from_file_location(Path(file).stem, file)
    if spec is None or spec.loader is None:
        sys.exit(f"{file} is no Python module")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


ACTIONS: dict[str, Callable[..., Any]] = {
    "ask": ask,
    "copy_database": copy_database,
    "read_accounts": read_accounts,
    "accounts": accounts,
}
