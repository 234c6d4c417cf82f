"""The participants of a hub on this machine: who they are, their passwords, and taking one out."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from datetime import UTC, datetime
from urllib.parse import quote

from skrt_hub.errors import StartError, nobody_called
from skrt_hub.hub.accounts import accounts_of
from skrt_hub.hub.applied import Applied
from skrt_hub.hub.identities import homes_without_account
from skrt_hub.hub.names import Places
from skrt_hub.hub.secrets import read_secrets
from skrt_hub.layout import Layout
from skrt_hub.report import Message, Participant
from skrt_hub.targets.machine.records import running_servers

_NAMED = 8


def everyone(layout: Layout, applied: Applied) -> tuple[Participant, ...]:
    """Every name that has logged in, has a password, or is named in hub.yaml."""
    places = {place.name: place for place in Places(layout.folders).all()}
    with_password = set(accounts_of(layout).names())
    settings = applied.settings
    running = {server.name for server in running_servers(layout)}
    names = sorted({*places, *with_password, *settings.participants, *settings.admins})
    return tuple(
        Participant(
            name=name,
            password=name in with_password,
            admin=name in settings.admins,
            server=name in running,
            home=str(layout.home(places[name].folder)) if name in places else "",
        )
        for name in names
    )


def locked_note(layout: Layout) -> str:
    """Which homes nobody can log in to, because their accounts are gone; nothing where there is none."""
    names = _without_account(layout)
    if not names:
        return ""
    named = ", ".join(names[:_NAMED]) + (f" and {len(names) - _NAMED} more" if len(names) > _NAMED else "")
    return (
        f"There are homes without an account: {named}. Nobody can log in with these names until they get a password: "
        "skrt-hub participants password NAME, or skrt-hub participants forget NAME to let the next log-in choose one."
    )


def forget_password(layout: Layout, name: str) -> bool:
    """Let the next log-in with the name choose a password; False where it would already."""
    accounts = accounts_of(layout)
    if accounts.forget(name):
        return True
    if name not in _without_account(layout):
        return False
    accounts.open(name)
    return True


def _without_account(layout: Layout) -> list[str]:
    places = {place.name: place.folder for place in Places(layout.folders).all()}
    folders = {home.name for home in layout.homes.iterdir()} if layout.homes.is_dir() else set()
    # Where the table is lost, the folder is all that is left of a name.
    named = set(places.values())
    places |= {folder: folder for folder in folders - named if not folder.startswith(("removed-", "."))}
    return homes_without_account(layout, set(accounts_of(layout).entries()), places)


def remove(layout: Layout, applied: Applied, name: str) -> Message:
    """End the server, take the name out, keep the home under a dated name. Raises UnknownNameError."""
    known = next((person for person in everyone(layout, applied) if person.name == name), None)
    if known is None:
        raise nobody_called(name)
    if known.server:
        _end_server(layout, applied, name)
    accounts_of(layout).forget(name)
    place = Places(layout.folders).find(name)
    if place is None or not layout.home(place.folder).exists():
        return Message((f"{name} was removed; there was no home.",))
    kept = layout.homes / f"removed-{place.folder}-{datetime.now(UTC):%Y-%m-%d-%H%M%S}"
    layout.home(place.folder).rename(kept)
    lines = [f"{name} was removed. The home is kept in {kept}"]
    if name in (*applied.settings.participants, *applied.settings.admins):
        lines.append("The name is still in hub.yaml: take it out there and run `skrt-hub up`, or it can be used again.")
    elif not applied.settings.participants:
        lines.append("Anybody may use the name again, with a new, empty home.")
    return Message(tuple(lines))


def _end_server(layout: Layout, applied: Applied, name: str) -> None:
    address = f"http://127.0.0.1:{applied.ports.hub}/hub/api/users/{quote(name, safe='')}/server"
    request = urllib.request.Request(address, method="DELETE")
    request.add_header("Authorization", f"token {read_secrets(layout.secrets).command}")
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=30) as answer:
            json.loads(answer.read() or b"null")
    except (urllib.error.URLError, OSError, ValueError) as error:
        raise StartError(
            f"The server of {name} could not be ended.", why=str(error), remedy="Start the hub, then try again."
        ) from None
