"""What stands between `delete` and the homes: each must have a saved copy, read again, that has its last change."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from skrt_hub.errors import RefusedError, SkrtHubError
from skrt_hub.homes.access import Home
from skrt_hub.progress import Step
from skrt_hub.report import human_time
from skrt_hub.snapshots import catalogue, index, manifest, saves_key, verify
from skrt_hub.snapshots.copies import Copies
from skrt_hub.snapshots.opening import open_repository
from skrt_hub.snapshots.repository import Repository

_NAMED = 8


@dataclass(frozen=True)
class Unsaved:
    """A home that would be lost, and why its copies do not hold it."""

    name: str
    why: str


def unsaved(copies: Copies, *, read_again: bool = True) -> list[Unsaved]:
    """Every home that has no saved copy as it is now, in any place that was ever used.

    `read_again`: every content of the copies that count is read from the place and checked against its hash.
    """
    homes = copies.homes.all()
    reasons = dict.fromkeys((home.folder for home in homes), "it was never saved")
    told_of: dict[str, str] = {}
    open_homes = {home.folder: home for home in homes}
    for name in reversed(copies.known_places()):
        if not open_homes:
            break
        with copies.progress.step(f"checking the copies in {name}") as step:
            try:
                key = saves_key.key_of(copies.settings, copies.layout)
                place = open_repository(name, credentials=copies.settings.saves.credentials, key=key)
                with place.locked(shared=True):
                    held = _held(copies, place, open_homes, reasons, told_of)
                    if read_again and held:
                        held = _sound(copies, place, held, reasons, step)
            except SkrtHubError as error:
                reasons |= dict.fromkeys(open_homes, error.what)
                continue
        for folder in held:
            del open_homes[folder]
    return [Unsaved(home.name, reasons[folder]) for folder, home in open_homes.items()]


def ensure_saved(copies: Copies, *, read_again: bool = True) -> None:
    """Raise RefusedError where a home would be lost."""
    found = unsaved(copies, read_again=read_again)
    if found:
        more = f"\n... and {len(found) - _NAMED} more" if len(found) > _NAMED else ""
        raise RefusedError(
            f"The homes were not removed: {len(found)} of them {'has' if len(found) == 1 else 'have'} no saved copy "
            "as they are now.",
            why="\n".join(f"{item.name}: {item.why}" for item in found[:_NAMED]) + more,
            remedy="Save them with `skrt-hub save --to FOLDER`, then delete. Or add --no-copies to lose them.",
        )


def _held(
    copies: Copies, place: Repository, open_homes: dict[str, Home], reasons: dict[str, str], told_of: dict[str, str]
) -> dict[str, catalogue.Save]:
    """The homes whose newest copy in this place is what they are now.

    told_of: for each home, the save that its reason is about: the newest of all places.
    """
    saves = catalogue.saves_in(place)
    held = {}
    for folder, home in open_homes.items():
        save = catalogue.newest_of(saves, folder)
        if save is None:
            continue
        _, saved = manifest.read(place.get(save.manifest(folder)))
        compared = verify.compare(copies.homes, home, saved, by_times=True)
        changed = [*compared.different, *compared.only_home, *compared.only_saved]
        if compared.unread:
            reasons[folder] = f"it has something that cannot be read, and so was not saved: {compared.unread[0][:200]}"
            told_of[folder] = "unread"
        elif not changed:
            held[folder] = save
        elif save.id > told_of.get(folder, ""):
            told_of[folder] = save.id
            when = human_time(save.time.isoformat())
            reasons[folder] = f"changed since it was saved at {when} to {place.label}: {changed[0]}"
    return held


def _sound(
    copies: Copies, place: Repository, held: dict[str, catalogue.Save], reasons: dict[str, str], step: Step
) -> dict[str, catalogue.Save]:
    """Of these, the homes whose copies are whole when read again."""
    wanted = [catalogue.Save(save.id, (folder,), save.complete, {}) for folder, save in held.items()]
    with _index(copies, place) as opened:
        if not verify.verify_saves(place, opened, wanted, step).problems:
            return held
        sound = {}
        for part in wanted:  # something is damaged: whose is it?
            problems = verify.verify_saves(place, opened, [part], step).problems
            if problems:
                reasons[part.folders[0]] = f"its copy is damaged: {problems[0]}"
            else:
                sound[part.folders[0]] = held[part.folders[0]]
        return sound


@contextmanager
def _index(copies: Copies, place: Repository) -> Iterator[index.Index]:
    with index.opened(place, copies.layout.saves) as opened:
        yield opened
