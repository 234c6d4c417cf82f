"""One person taken out of saved copies: manifests, contents that only those need, accounts, and what summaries say."""

from __future__ import annotations

import json
from pathlib import PurePosixPath

from skrt_hub.errors import CopyError, SkrtHubError
from skrt_hub.hub.names import folder_for
from skrt_hub.policy.erasing import Erased, is_their_folder, is_theirs
from skrt_hub.snapshots import catalogue, index, manifest, retention
from skrt_hub.snapshots.catalogue import Save
from skrt_hub.snapshots.copies import Copies
from skrt_hub.snapshots.index import Index
from skrt_hub.snapshots.repository import Repository


def places_of(copies: Copies) -> tuple[str, ...]:
    """Every place where copies may be."""
    return tuple(dict.fromkeys(filter(None, (*copies.known_places(), copies.settings.saves.place))))


def erase(copies: Copies, name: str) -> tuple[Erased, tuple[str, ...]]:
    """Take a person out of all places; what was done, and which places could not be reached, and why."""
    done, failed = [], []
    for place in places_of(copies):
        try:
            done.append(_in_place(copies, place, name))
        except SkrtHubError as error:
            failed.append(f"{place}: {error.what} {error.why}".strip())
    return Erased(tuple(line for one in done for line in one.lines), any(one.found for one in done)), tuple(failed)


def _in_place(copies: Copies, named: str, name: str) -> Erased:
    place = copies.open(named)
    with place.locked(), copies.progress.step(f"taking {name} out of the copies in {place.label}") as step:
        saves = catalogue.saves_in(place)
        count = 0
        for number, save in enumerate(saves, start=1):
            step.update(number, len(saves))
            folders = [folder for folder in save.folders if _is_theirs(place, save, folder, name)]
            count += len(folders)
            _take_out(place, save, folders, name)
        with copies.index(place) as opened:
            _let_go(place, opened)
        index.drop(place, copies.layout.saves)
    if not count:
        return Erased((f"The saved copies in {place.label} have nothing of {name}.",), found=False)
    gone = f"{count} saved copies of the home are gone from {place.label}, with all contents that nobody else's need."
    return Erased((gone,), found=True)


def _is_theirs(place: Repository, save: Save, folder: str, name: str) -> bool:
    if is_their_folder(folder, folder_for(name)):
        return True
    row = save.summary.get("homes", {}).get(folder, {})
    told = row.get("name") if isinstance(row, dict) else None
    if told is None:
        try:
            told = manifest.read_head(place.get(save.manifest(folder))).name
        except CopyError:
            return False  # damaged, and of another folder
    return is_theirs(str(told), name)


def _take_out(place: Repository, save: Save, folders: list[str], name: str) -> None:
    """The summary first: where this is interrupted, it must not tell of a home whose manifest is gone."""
    summary = f"saves/{save.id}/{catalogue.SUMMARY}"
    homes = save.summary.get("homes", {})
    if folders and len(folders) < len(save.folders):
        if set(folders) & set(homes):
            left = {folder: row for folder, row in homes.items() if folder not in folders}
            place.put(summary, json.dumps({**save.summary, "homes": left}, indent=1).encode())
    elif folders:
        place.remove(summary)
    for folder in folders:
        place.remove(save.manifest(folder))
    _forget_account(place, save, name, whole=bool(folders) and len(folders) == len(save.folders))


def _forget_account(place: Repository, save: Save, name: str, *, whole: bool) -> None:
    file = f"saves/{save.id}/{catalogue.ACCOUNTS}"
    if whole:
        place.remove(file)
        return
    if file not in place.names(str(PurePosixPath(file).parent)):
        return
    try:
        document = json.loads(place.get(file))
        accounts = document["accounts"]
        left = {who: entry for who, entry in accounts.items() if who != name}
    except (ValueError, KeyError, TypeError, AttributeError):
        raise CopyError(f"{file} is damaged, so that it cannot be seen whose accounts it has.") from None
    if len(left) != len(accounts):
        place.put(file, json.dumps({**document, "accounts": left}).encode())


def _let_go(place: Repository, opened: Index) -> None:
    """Contents that no manifest needs any more, all of them: a pack that holds one is written anew without it."""
    saves = [save for save in catalogue.saves_in(place) if save.folders]
    retention.prune(place, opened, saves, {save.id for save in saves}, all_of_it=True)
