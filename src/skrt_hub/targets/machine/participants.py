"""The participants of a hub on this machine: who they are, their passwords, and taking one out."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

from skrt_hub.errors import StartError, nobody_called
from skrt_hub.hub import door
from skrt_hub.hub.accounts import accounts_of
from skrt_hub.hub.applied import Applied
from skrt_hub.hub.identities import homes_without_account
from skrt_hub.hub.names import Places, folder_for
from skrt_hub.hub.secrets import read_secrets
from skrt_hub.layout import Layout
from skrt_hub.login.names import order
from skrt_hub.login.requests import carry_out
from skrt_hub.policy import log_in, removing, whose_home
from skrt_hub.report import Message, Participant, participant
from skrt_hub.settings.model import Settings
from skrt_hub.settings.roster import forget, remember
from skrt_hub.targets.machine import control
from skrt_hub.targets.machine.records import running_servers

_NAMED = 8
_LONGEST = 60.0
_NOT_YET = 400
"""What JupyterHub answers while a server starts or ends."""


def everyone(layout: Layout, applied: Applied) -> tuple[Participant, ...]:
    """Every name that has logged in, has an account, or is named in hub.yaml."""
    places = {place.name: place for place in Places(layout.folders).all()}
    accounts: dict[str, Any] = ask(layout, "all")
    running = {server.name for server in running_servers(layout)}
    return tuple(
        participant(
            name,
            accounts.get(name, {}),
            server=name in running,
            home=str(layout.home(places[name].folder)) if name in places else "",
            off_list=removing.off_list(applied.settings, accounts.get(name, {})),
        )
        for name in sorted({*places, *accounts}, key=order)
    )


def ask(layout: Layout, action: str, *arguments: Any) -> Any:
    """One question to the accounts, or one change of them (skrt_hub.login.requests). Raises StateError."""
    return carry_out(accounts_of(layout), action, *arguments)


def take_list(layout: Layout, settings: Settings) -> None:
    """Make the accounts follow hub.yaml's list. Raises StateError where they are damaged, and RefusedError."""
    whose_home.ensure_nobodys_is_given_away(settings, ask(layout, "all"))
    accounts_of(layout).take_list(log_in.people(settings), anyone=log_in.anyone(settings))
    remember(settings, layout.roster)
    for name in removing.unused(settings, ask(layout, "all")):
        if not _has_home(layout, name):
            _forget_name(layout, name)


def _forget_name(layout: Layout, name: str) -> None:
    accounts_of(layout).free(name)
    forget(name, layout.roster)


def _has_home(layout: Layout, name: str) -> bool:
    return Places(layout.folders).find(name) is not None or layout.home(folder_for(name)).exists()


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


def _without_account(layout: Layout) -> list[str]:
    places = {place.name: place.folder for place in Places(layout.folders).all()}
    folders = {home.name for home in layout.homes.iterdir()} if layout.homes.is_dir() else set()
    # Where the table is lost, the folder is all that is left of a name.
    named = set(places.values())
    places |= {folder: folder for folder in folders - named if not folder.startswith(("removed-", "."))}
    return homes_without_account(layout, accounts_of(layout).decided(), places)


def remove(layout: Layout, applied: Applied, name: str, *, free: bool) -> Message:
    """As skrt_hub.policy.removing says. Raises UnknownNameError."""
    known = next((person for person in everyone(layout, applied) if person.name == name), None)
    if known is None:
        raise nobody_called(name)
    account = ask(layout, "all").get(name, {})
    if removing.left_nothing(applied.settings, account, home=known.server or _has_home(layout, name)):
        _forget_name(layout, name)
        return Message(removing.unused_in_words(name))
    # Locked first: nobody logs in again while the rest goes on, also where this is interrupted.
    accounts_of(layout).lock(name)
    if known.server or control.ask(layout.control_socket, "status") is not None:
        _forget(layout, name)
    home = layout.home(folder_for(name))
    kept = home if home.is_dir() else None
    if free:
        kept = _move_aside(layout, applied, name)
        accounts_of(layout).free(name)
    return Message(removing.in_words(applied.settings, name, None if kept is None else str(kept), freed=free))


def _move_aside(layout: Layout, applied: Applied, name: str) -> Path | None:
    """Keep the home under a dated name; whoever takes the name next gets a new home, and another user id."""
    home = layout.home(folder_for(name))
    kept = None
    if home.is_dir():
        kept = layout.homes / removing.aside_folder(home.name, datetime.now(UTC))
        home.rename(kept)
        if applied.root:  # ids are given again; what was kept is nobody's but the organiser's
            os.chown(kept, 0, 0)
    Places(layout.folders).forget(name)
    return kept


def _forget(layout: Layout, name: str) -> None:
    """Have JupyterHub end the participant's server and take the participant out, with all tokens and sessions."""
    deadline = time.monotonic() + _LONGEST
    while (code := _delete(layout, name)) == _NOT_YET and time.monotonic() < deadline:
        time.sleep(0.2)
    if code not in (204, 404):
        raise StartError(f"JupyterHub did not take {name} out.", why=f"It answered {code}.", remedy="Try again.")


def _delete(layout: Layout, name: str) -> int:
    """The status of JupyterHub's answer. Raises StartError where it does not answer."""
    token = read_secrets(layout.secrets).command
    try:
        door.ask(layout, "DELETE", f"/users/{quote(name, safe='')}", token=token)
    except door.DoorError as error:
        if error.status:
            return error.status
        raise StartError(
            f"{name} is locked, but the server could not be ended.",
            why=f"JupyterHub does not answer: {error}",
            remedy="Start the hub (skrt-hub up), then type the command again.",
        ) from None
    return 204
