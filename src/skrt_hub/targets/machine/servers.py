"""The participants' servers, as the organiser's commands see, end and start them."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

from skrt_hub.errors import StartError, StateError
from skrt_hub.hub import door
from skrt_hub.hub.accounts import accounts_of
from skrt_hub.hub.memory import children_by_parent, processor_seconds, total
from skrt_hub.hub.names import Places
from skrt_hub.hub.secrets import read_secrets
from skrt_hub.layout import Layout
from skrt_hub.login.accounts_file import AccountsDamagedError
from skrt_hub.login.sharing import folders_of, others_than
from skrt_hub.policy.profiles import NO_SUCH_SIZE, OPTION
from skrt_hub.policy.sharing import until_restarted
from skrt_hub.report import Server
from skrt_hub.settings.model import Settings
from skrt_hub.targets.machine import troubles
from skrt_hub.targets.machine.activity import last_activities
from skrt_hub.targets.machine.records import running_servers, started
from skrt_hub.targets.machine.watch import tell
from skrt_workspace.home.notices import MESSAGE

_LONGEST = 60.0
_NOT_YET = (400, 503)
"""What JupyterHub answers while a server starts or ends."""


def seen(layout: Layout, *, hub_runs: bool) -> tuple[Server, ...]:
    """Each server that runs, and each that did not start."""
    children = children_by_parent()
    activity = last_activities(layout) if hub_runs else {}
    rows = []
    for server in running_servers(layout):
        trouble = troubles.of_server(layout, server.folder)
        rows.append(
            Server(
                server.name,
                "running",
                total(server.identity.pid, children),
                activity.get(server.name),
                since=started(server.identity),
                reason=trouble.reason,
                trouble=trouble.word,
                processor_seconds=processor_seconds(server.identity.pid, children),
                profile=server.profile,
            )
        )
    return (*rows, *troubles.of_starts(layout, {row.name for row in rows}))


def with_other_folders(layout: Layout, settings: Settings) -> list[str]:
    """A sentence for each server that was started before its owner's groups changed, or hub.yaml's `shared`."""
    running = running_servers(layout)
    if not settings.shared and not any(server.shared for server in running):
        return []
    try:
        accounts = accounts_of(layout).all()
    except (StateError, AccountsDamagedError):  # which `status` tells by itself
        return []
    folders = [folder.model_dump() for folder in settings.shared]
    sentences = []
    for server in running:
        now = folders_of(accounts.get(server.name, {}), folders)
        if words := others_than(now, server.shared):
            sentences.append(until_restarted(server.name, words))
    return sentences


def end(layout: Layout, name: str) -> None:
    """End somebody's server, and wait until it has ended. Raises StartError."""
    _until_done(layout, "DELETE", name)
    give_up = time.monotonic() + _LONGEST
    while _ask(layout, "GET", name, "").get("servers"):
        if time.monotonic() > give_up:
            raise StartError(f"The server of {name} does not end.", remedy=f"See: skrt-hub logs {name}")
        time.sleep(0.1)


def start(layout: Layout, name: str) -> None:
    """Have somebody's server started; it need not be ready yet. Raises StartError."""
    _until_done(layout, "POST", name)


def ask_to_start(layout: Layout, name: str, token: str) -> None:
    """Ask JupyterHub to start a server that its owner does not start now. Raises DoorError.

    JupyterHub remembers the size that they chose last; where there is none of that name any more it is the first.
    """
    path = f"/users/{quote(name, safe='')}/server"
    try:
        door.ask(layout, "POST", path, token=token, deadline=_LONGEST)
    except door.DoorError as error:
        if error.status != NO_SUCH_SIZE:
            raise
        door.ask(layout, "POST", path, token=token, body={OPTION: ""}, deadline=_LONGEST)


def leave_message(layout: Layout, text: str, names: Iterable[str]) -> tuple[str, ...]:
    """Leave a message in JupyterLab of these people, or of everybody who was ever here; for whom it was left."""
    wanted = set(names)
    places = [place for place in Places(layout.folders).all() if not wanted or place.name in wanted]
    for place in places:
        tell(layout, place.folder, MESSAGE, text)
    return tuple(place.name for place in places)


def _until_done(layout: Layout, method: str, name: str) -> None:
    give_up = time.monotonic() + _LONGEST
    while True:
        try:
            if method == "POST":
                ask_to_start(layout, name, read_secrets(layout.secrets).command)
            else:
                _ask(layout, method, name, "/server")
            return
        except door.DoorError as error:
            if error.status == 404 and method == "DELETE":
                return
            if method == "POST" and _runs(layout, name):
                return
            if error.status not in _NOT_YET or time.monotonic() > give_up:
                what = "ended" if method == "DELETE" else "started"
                raise StartError(
                    f"The server of {name} was not {what}.", why=str(error), remedy="See: skrt-hub logs hub"
                ) from None
        time.sleep(0.2)


def _runs(layout: Layout, name: str) -> bool:
    servers = _ask(layout, "GET", name, "").get("servers") or {}
    return bool(servers.get("", {}).get("ready"))


def _ask(layout: Layout, method: str, name: str, what: str) -> dict[str, Any]:
    token = read_secrets(layout.secrets).command
    try:
        return door.ask(layout, method, f"/users/{quote(name, safe='')}{what}", token=token, deadline=_LONGEST) or {}
    except door.DoorError as error:
        if not error.status:
            raise StateError("JupyterHub does not answer.", why=str(error), remedy="Type: skrt-hub status") from None
        raise
