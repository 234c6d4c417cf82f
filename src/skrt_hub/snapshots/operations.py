"""`save`, `restore`, `saves`: from what a person asked for to the rooms that do it."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from skrt_hub.errors import CopyError, SkrtHubError, SpaceError, StateError, UnknownNameError
from skrt_hub.homes.access import Home, Homes, several_at_once
from skrt_hub.homes.folder import FolderHomes
from skrt_hub.homes.selection import chosen
from skrt_hub.hub.names import folder_for
from skrt_hub.policy.log_in import listed
from skrt_hub.snapshots import catalogue, index, manifest, reports, restore, retention, save, saves_key, verify
from skrt_hub.snapshots.copies import Copies
from skrt_hub.snapshots.repository import Repository
from skrt_workspace.home.scan import FILE


def run_save(
    copies: Copies, names: list[str], to: str | None, now: Callable[[], datetime] = lambda: datetime.now(UTC)
) -> reports.SaveReport:
    """Save the named homes, or all, and let older saves go as hub.yaml says."""
    began = time.monotonic()
    wanted = chosen(copies.homes.all(), names, listed(copies.settings))
    if not wanted:
        raise StateError("There are no homes to save.", remedy="See: skrt-hub status")
    place = copies.open(to, create=True)
    with place.locked(), copies.index(place) as opened, copies.progress.step("saving homes") as step:
        saves = catalogue.saves_in(place)
        saving = save.Saving(
            place, opened, copies.homes, catalogue.new_id(saves, now()), saves, step, copies.settings.name
        )
        saving.total = _about(copies.homes, saves, wanted)
        try:
            results = save.save_homes(saving, wanted, now)
        except SpaceError as error:
            raise SpaceError(error.what, why=error.why, remedy=error.remedy or _ROOM) from None
        freed = _prune(copies, place, opened)
    rows = tuple(
        reports.SavedRow(
            item.home.name,
            item.files,
            item.bytes,
            item.read,
            tuple(f"{path} ({why})" for path, why in item.left_out.items()),
            tuple(item.restless),
        )
        for item in results
    )
    return reports.SaveReport(
        place.label,
        saving.id,
        rows,
        saving.new,
        freed,
        round(time.monotonic() - began, 2),
        saves_key.warning(copies.settings, copies.layout),
    )


def _about(homes: Homes, saves: list[catalogue.Save], wanted: list[Home]) -> int | None:
    """About how many bytes these homes hold: as they were saved last, or looked through where that is quick."""
    total = 0
    for home in wanted:
        before = catalogue.newest_of(saves, home.folder)
        row = before.summary.get("homes", {}).get(home.folder) if before is not None else None
        if isinstance(row, dict) and isinstance(row.get("bytes"), int):
            total += row["bytes"]
        elif several_at_once(homes):
            total += sum(entry.size for entry in homes.scan(home) if entry.kind == FILE)
        else:
            return None
    return total


_ROOM = "Make room there, then run the same command again; what was saved before is untouched."


def run_restore(
    copies: Copies, names: list[str], source: str | None, at: str | None, into: Path | None
) -> reports.RestoreReport:
    """Restore the named homes, or all that the place has, each from its newest copy not younger than `at`."""
    began = time.monotonic()
    place = copies.open(source)
    until = catalogue.parse_time(at) if at else None
    rows = []
    with (
        place.locked(shared=True),
        copies.index(place) as opened,
        copies.progress.step("restoring homes") as step,
    ):
        saves = catalogue.saves_in(place)
        found = _copies_of(copies, place, saves, names, until)
        homes: Homes = FolderHomes(into) if into is not None else copies.homes
        for number, (folder, save_used) in enumerate(found.items(), start=1):
            step.update(number, len(found), note=folder)
            head, saved = manifest.read(place.get(save_used.manifest(folder)))
            newest = _newest_entries(place, saves, folder)
            home = homes.expected(head.name, folder)
            working = restore.Restoring(place, opened, homes, outward_links=into is None)
            result = restore.restore_home(working, home, (head, saved), newest)
            compared = verify.compare(homes, home, saved)
            rows.append(_restored_row(head.name, result, compared))
        accounts = _take_accounts(place, found, homes) if into is None else 0
    return reports.RestoreReport(place.label, tuple(rows), accounts, round(time.monotonic() - began, 2))


def run_list(copies: Copies, source: str | None) -> reports.SavesReport:
    """The saves in a place, the oldest first."""
    place = copies.open(source)
    rows = []
    for item in catalogue.saves_in(place):
        homes = item.summary.get("homes", {})
        files = sum(int(facts.get("files", 0)) for facts in homes.values())
        size = sum(int(facts.get("bytes", 0)) for facts in homes.values())
        people = tuple(sorted(_whose(place, item, folder) for folder in item.folders))
        rows.append(reports.ListedSave(item.id, item.time.isoformat(), len(people), files, size, item.complete, people))
    return reports.SavesReport(place.label, tuple(rows))


def _whose(place: Repository, item: catalogue.Save, folder: str) -> str:
    """Whose home a save has in `folder`: by its summary; an interrupted one has none, so its manifest is asked."""
    facts = item.summary.get("homes", {}).get(folder)
    if isinstance(facts, dict) and "name" in facts:
        return str(facts["name"])
    try:
        return manifest.read_head(place.get(item.manifest(folder))).name
    except CopyError:
        return folder  # damaged: `saves verify` tells more


def run_verify(copies: Copies, source: str | None) -> reports.VerifiedReport:
    """Read everything that any save in the place needs."""
    place = copies.open(source)
    with (
        place.locked(shared=True),
        copies.index(place) as opened,
        copies.progress.step("reading saved copies") as step,
    ):
        found = verify.verify_saves(place, opened, catalogue.saves_in(place), step)
    return reports.VerifiedReport(place.label, found.manifests, found.packs, found.contents, found.problems)


def run_compare(copies: Copies, names: list[str], source: str | None) -> reports.ComparedReport:
    """Compare homes with their newest saved copies, every file by its SHA-256."""
    place = copies.open(source)
    rows = []
    with place.locked(shared=True), copies.progress.step("comparing homes") as step:
        saves = catalogue.saves_in(place)
        found = _copies_of(copies, place, saves, names, None)
        for number, (folder, item) in enumerate(found.items(), start=1):
            step.update(number, len(found), note=folder)
            head, saved = manifest.read(place.get(item.manifest(folder)))
            result = verify.compare(copies.homes, copies.homes.expected(head.name, folder), saved)
            lists = (tuple(paths) for paths in (result.different, result.only_saved, result.only_home))
            rows.append(reports.ComparedRow(head.name, result.equal, result.bytes, *lists))
    return reports.ComparedReport(place.label, tuple(rows))


def _copies_of(
    copies: Copies, place: Repository, saves: list[catalogue.Save], names: list[str], until: datetime | None
) -> dict[str, catalogue.Save]:
    """For each wanted home's folder, the save to take it from.

    Raises CopyError where there is none, UnknownNameError for a name that neither the hub nor the place knows.
    """
    folders = sorted({folder for item in saves for folder in item.folders})
    newest = {folder: catalogue.newest_of(saves, folder, until) for folder in folders}
    found = {folder: item for folder, item in newest.items() if item is not None}
    if names:
        heads = {folder: manifest.read_head(place.get(item.manifest(folder))) for folder, item in found.items()}
        by_name = {head.name: folder for folder, head in heads.items()} | {folder: folder for folder in heads}
        for name in names:
            if name not in by_name:
                if name not in listed(copies.settings) and not {name, folder_for(name)} & set(folders):
                    _ensure_has_home(name, copies, place, sorted(head.name for head in heads.values()))
                raise CopyError(
                    f"{place.label} has no saved copy of {name!r}{' from that time or before' if until else ''}.",
                    remedy="See what there is with: skrt-hub saves list",
                )
        found = {by_name[name]: found[by_name[name]] for name in names}
    if not found:
        raise CopyError(f"{place.label} has no saved copies{' from that time or before' if until else ''}.")
    return found


def _ensure_has_home(name: str, copies: Copies, place: Repository, saved: list[str]) -> None:
    """Raise UnknownNameError for a name without a home in the hub, which may be lost, and can then not be asked."""
    reasons = [f"There are saved copies of {', '.join(saved)}."] if saved else []
    try:
        if name in {home.name for home in copies.homes.all()}:
            return
    except SkrtHubError as error:
        reasons.append(f"The hub could not be asked for its own names: {error.what}")
    raise UnknownNameError(
        f"Nobody is called {name!r} in this hub, or in {place.label}.",
        why="\n".join(reasons),
        remedy="See the hub's own names with: skrt-hub participants",
    )


def _newest_entries(place: Repository, saves: list[catalogue.Save], folder: str) -> list[manifest.Saved]:
    newest = catalogue.newest_of(saves, folder)
    if newest is None:
        return []
    try:
        return manifest.read(place.get(newest.manifest(folder)))[1]
    except CopyError:
        return []  # nothing then counts as safe to replace


def _take_accounts(place: Repository, found: dict[str, catalogue.Save], homes: Homes) -> int:
    taken = 0
    for item in {used.id: used for used in found.values()}.values():
        names = {
            manifest.read_head(place.get(used.manifest(folder))).name for folder, used in found.items() if used == item
        }
        try:
            data = place.get(f"saves/{item.id}/{catalogue.ACCOUNTS}")
        except CopyError:
            continue
        taken += homes.add_accounts(data, names)
    return taken


def _prune(copies: Copies, place: Repository, opened: index.Index) -> int:
    keep = copies.settings.saves.keep
    wanted = retention.Keep(keep.last, keep.daily, keep.weekly, keep.monthly)
    saves = catalogue.saves_in(place)
    names = retention.kept(saves, wanted)
    if all(item.id in names for item in saves):
        return 0
    return retention.prune(place, opened, saves, names).bytes


def _restored_row(name: str, result: restore.Restored, compared: verify.Comparison) -> reports.RestoredRow:
    failed = tuple(f"{path} ({why})" for path, why in result.failed.items())
    return reports.RestoredRow(
        name=name,
        time=result.time,
        restored=result.restored,
        # Second names of one file, and our own notes, are not restored one by one.
        equal=max(result.equal, compared.equal - result.restored),
        bytes=result.bytes,
        replaced=tuple(result.replaced),
        beside=tuple(result.beside),
        stayed=tuple(result.stayed),
        left_out=tuple(result.left_out),
        failed=failed,
        verified=compared.equal,
    )
