"""One person taken out of a hub on this machine: home, account, database, logs, and what the hub noted of them."""

from __future__ import annotations

import contextlib
from pathlib import Path

from skrt_hub.errors import PermissionsError, StateError
from skrt_hub.files import read_json, write_json
from skrt_hub.hub import database, identities
from skrt_hub.hub.accounts import accounts_of
from skrt_hub.hub.applied import Applied
from skrt_hub.hub.log_names import take_out_names
from skrt_hub.hub.names import Places, folder_for
from skrt_hub.layout import Layout
from skrt_hub.policy import erasing
from skrt_hub.policy.erasing import Erased
from skrt_hub.targets.machine import control, participants
from skrt_workspace.home.walk import remove_tree


def erase(layout: Layout, applied: Applied, name: str) -> Erased:
    """As skrt_hub.policy.erasing says; what was done. Raises StateError where the hub does not run."""
    if control.ask(layout.control_socket, "status") is None:
        raise StateError(
            "The hub does not run.",
            why="JupyterHub itself has to take the person out of its database.",
            remedy="Start it with `skrt-hub start`, then type the command again.",
        )
    own = folder_for(name)
    known = {person.name for person in participants.everyone(layout, applied)}
    if name in known:
        participants.remove(layout, applied, name, free=False)
    homes = _homes(layout, own)
    _remove(layout.server_log(own))
    _remove(layout.notices(own))
    _forget_cohort(layout, name)
    accounts_of(layout).free(name)
    Places(layout.folders).forget(name)
    again = _tidied(layout, name)
    identities.renew_copies(layout)
    logs = take_out_names(layout, erasing.words_of(name, own))
    lines = (
        f"The home of {name} is gone: {', '.join(map(str, homes))}" if homes else f"{name} had no home here.",
        f"Account, log-in name and database have nothing of {name} any more; the name is free.",
        f"Taken out of {len(logs)} logs." if logs else "No log names them.",
        *again,
    )
    return Erased(lines, name in known or bool(homes))


def _homes(layout: Layout, own: str) -> list[Path]:
    """Remove the home, and those that were moved aside; which there were."""
    there = sorted(layout.homes.iterdir()) if layout.homes.is_dir() else []
    theirs = [path for path in there if erasing.is_their_folder(path.name, own)]
    for path in theirs:
        _remove(path)
    return theirs


def _tidied(layout: Layout, name: str) -> tuple[str, ...]:
    """Nothing, or what is said where the database is in use for so long that it could not be written anew."""
    try:
        database.tidy(layout.database)
    except StateError as error:
        return (
            f"{error.what} {error.why} Parts of the name may be left in it: stop the hub, start it, and type it again.",
        )
    return ()


def _forget_cohort(layout: Layout, name: str) -> None:
    told = read_json(layout.cohorts)
    if isinstance(told, dict) and name in told.get("names", []):
        write_json(layout.cohorts, {**told, "names": [who for who in told["names"] if who != name]}, mode=0o600)


def _remove(path: Path) -> None:
    """Raises PermissionsError where something stays."""
    if path.is_dir() and not path.is_symlink():
        if kept := remove_tree(path):
            raise PermissionsError(
                f"{path / kept[0].path} could not be removed.",
                why=f"{kept[0].why}.",
                remedy="Mend that, then type the same command again.",
            )
        return
    with contextlib.suppress(FileNotFoundError):
        path.unlink()
