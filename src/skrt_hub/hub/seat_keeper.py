"""Starts servers before their people come, and ends those that nobody took, as the rule says (skrt_hub.policy.seats).

JupyterHub is asked as by any of its services, so such a server is what its person's own start would have made. What was
done stands in a file, for the next start of this program, for `status`, and for the spawner: a server that is started
here starts a kernel, too, which waits for the first notebook.

This file stands alone (standard library only): the Kubernetes target hands it to the chart's hub, which runs it as a
service and starts it again when it ends.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

ASKED, DONE = "seats-asked.json", "seats.json"
PAUSE = 2.0
"""Seconds between two looks."""
_TELL_EVERY = 30.0
_PAGE = 200

Ask = Callable[[str, str], tuple[int, Any]]
"""JupyterHub's answer to a method and a path: status (0: none) and document."""


class Keeper:
    """The seats of one hub, by its `accounts` (skrt_hub.login.accounts) and the module `rules` of the rule.

    `folder` holds the two files. `room` gives how many more servers fit beside so many, `has_home` whether a name has a
    home (always no where that is unknown), `groups_of` the groups of an entry of the accounts.
    """

    def __init__(
        self,
        rules: Any,
        order: Any,
        folder: Path,
        ask: Ask,
        accounts: Any,
        *,
        groups_of: Callable[[Any], Iterable[str]],
        has_home: Callable[[str], bool] = lambda _: False,
        room: Callable[[int], int | None] = lambda _: None,
        say: Callable[[str], None] = print,
    ) -> None:
        self.order = order
        self._rules = rules
        self._folder = folder
        self._ask = ask
        self._accounts = accounts
        self._groups_of = groups_of
        self._has_home = has_home
        self._room = room
        self._say = say
        self._told: dict[str, Any] = {}
        self._told_at = 0.0
        self._state = rules.from_document(read(folder / DONE))

    def look(self, now: float | None = None) -> None:
        """One look at the hub, and what is to be done then."""
        now = time.time() if now is None else now
        people = tuple(entitled(self._accounts.all(), self.order.groups, self._groups_of))
        closed, when = self._accounts.closed, asked(self._folder)
        facts = self._rules.Facts(now, people, {}, closed, asked=when)
        if self._is_something_to_do(facts):
            users = self._users()
            if users is None:  # the hub is just being started
                return
            servers = {name: server for name, server in users.items() if server is not None}
            lost = self._lost(people, users)
            people = tuple(name for name in people if name not in lost)
            facts = self._rules.Facts(now, people, servers, closed, self._room(len(servers)), when)
        step = self._rules.decide(self.order, self._state, facts)
        self._state = step.state
        self._tell(self._rules.as_document(self.order, step, facts), now)
        for name in step.end:
            self._say(f"{name}: nobody took the server that was made ready; it is ended")
            self._ask("DELETE", f"/users/{quote(name, safe='')}/server")
        for name in step.start:
            self._begin(name)

    def _is_something_to_do(self, facts: Any) -> bool:
        watched = any(seat.state in (self._rules.STARTING, self._rules.READY) for seat in self._state.seats.values())
        return watched or self._rules.occasion(self.order, facts) is not None

    def _lost(self, people: Iterable[str], users: Mapping[str, Any]) -> set[str]:
        """Who cannot log in: something of theirs is here, and nobody knows how they show who they are."""
        undecided = set(people) - self._accounts.decided()
        return {name for name in undecided if name in users or self._has_home(name)}

    def _begin(self, name: str) -> None:
        if name not in self._accounts.decided():
            # The server makes a home, and a home without a password would be taken for one whose owner lost it.
            self._accounts.forget(name)
        user = quote(name, safe="")
        self._ask("POST", f"/users/{user}")  # one that is known already stays as it is
        status, answer = self._ask("POST", f"/users/{user}/server")
        if status in (201, 202):
            self._say(f"{name}: the server is made ready")
        else:  # the next looks find no server, and call it a failed start
            self._say(f"{name}: the server could not be made ready: {status} {answer}")

    def _users(self) -> dict[str, Any] | None:
        """Everybody whom the hub knows with their server, or one that starts or ends just now, or None.

        None as a whole where the hub does not answer.
        """
        found: dict[str, Any] = {}
        offset = 0
        while True:
            status, page = self._ask("GET", f"/users?limit={_PAGE}&offset={offset}")
            if status != 200:
                return None
            for user in page:
                server = (user.get("servers") or {}).get("")
                found[user["name"]] = None
                if server is not None or user.get("pending"):
                    active = max(moment(user.get("last_activity")), moment((server or {}).get("last_activity")))
                    ready = bool(server and server.get("ready") and not server.get("pending"))
                    found[user["name"]] = self._rules.Server(ready, active)
            if len(page) < _PAGE:
                return found
            offset += len(page)

    def _tell(self, document: dict[str, Any], now: float) -> None:
        if document != self._told or now - self._told_at > _TELL_EVERY:
            write(self._folder / DONE, {**document, "looked": now})
            self._told, self._told_at = document, now


def entitled(accounts: Mapping[str, Mapping[str, Any]], groups: Iterable[str], groups_of: Any) -> list[str]:
    """Who may have a seat, by the accounts: on the list, neither organiser nor helper, and not kept out."""
    wanted = set(groups)
    return [
        name
        for name, entry in sorted(accounts.items())
        if entry.get("listed")
        and not entry.get("role")
        and not (entry.get("disabled") or entry.get("locked"))
        and (not wanted or wanted & set(groups_of(entry)))
    ]


def asked(folder: Path) -> float | None:
    """When the command was typed last."""
    found = read(folder / ASKED)
    return float(found["asked"]) if isinstance(found, dict) and isinstance(found.get("asked"), int | float) else None


def ask_now(folder: Path, now: float) -> None:
    """Have the seats made ready from now on."""
    write(folder / ASKED, {"asked": now})


def read(file: Path) -> Any:
    """A JSON file; None where there is none that can be read."""
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def write(file: Path, document: Any) -> None:
    """A JSON file, whole or not at all."""
    new = file.with_name(f".{file.name}.new")
    new.write_text(json.dumps(document), encoding="utf-8")
    new.chmod(0o600)
    new.replace(file)


def moment(text: Any) -> float:
    """A time of JupyterHub's interface in seconds since 1970; 0 where there is none."""
    try:
        return datetime.fromisoformat(str(text).replace("Z", "+00:00")).timestamp()
    except ValueError:
        return 0.0


# In the chart's hub


def main(words: list[str]) -> None:
    """Look for ever. The argument is a JSON document: the order, the folder, and the names of modules beside this."""
    told = json.loads(words[0])
    rules = importlib.import_module(told["rules"])
    accounts = importlib.import_module(f"{told['login']}.accounts").Accounts(Path(told["accounts"]))
    groups_of = importlib.import_module(f"{told['login']}.sharing").groups_of
    given = {
        **told["order"],
        "ready": tuple(map(tuple, told["order"]["ready"])),
        "groups": tuple(told["order"]["groups"]),
    }
    order = rules.Order(**given)
    keeper = Keeper(
        rules,
        order,
        Path(told["folder"]),
        lambda method, path: over_network(told["hub"], method, path),
        accounts,
        groups_of=groups_of,
        room=lambda servers: max(0, told["limit"] - servers) if told["limit"] else None,
        say=lambda words: print(words, flush=True),
    )
    while True:
        keeper.look()
        time.sleep(PAUSE)


def over_network(hub: str, method: str, path: str) -> tuple[int, Any]:
    """JupyterHub's answer to the service that it has started."""
    headers = {"Authorization": f"token {os.environ['JUPYTERHUB_API_TOKEN']}"}
    data = b"" if method == "POST" else None  # without options: those that the person chose last
    request = urllib.request.Request(hub + path, data, headers, method=method)  # noqa: S310 - the hub beside us
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=60) as answer:
            return answer.status, json.loads(answer.read() or b"null")
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode(errors="replace")[:300]
    except (OSError, ValueError) as error:
        return 0, str(error)


if __name__ == "__main__":
    main(sys.argv[1:])
