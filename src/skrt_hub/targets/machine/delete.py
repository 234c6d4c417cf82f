"""What `delete` removes on one machine: the plan first, homes last, and never a home without its account."""

from __future__ import annotations

from pathlib import Path

from skrt_hub.errors import PermissionsError, StateError
from skrt_hub.layout import Layout
from skrt_hub.report import Message
from skrt_hub.targets.protocol import DeleteOptions, Removal
from skrt_workspace import system
from skrt_workspace.home.walk import Unread, remove_tree, size_of


def plan(layout: Layout, options: DeleteOptions) -> tuple[Removal, ...]:
    """Every part of the hub, with its size, and whether it goes.

    Raises StateError where there is no hub. Whether homes are saved is checked apart (skrt_hub.snapshots.guard).
    """
    if not layout.root.exists():
        raise StateError(f"There is nothing to delete: {layout.root} does not exist.", remedy="See: skrt-hub status")
    keep = _keeps(layout, options)
    rows = [
        Removal(f"{what}: {path}", _bytes_of(path), removed=True)
        for what, path in _own_parts(layout, keep=keep)
        if path.exists()
    ]
    if keep and _holds(layout.handed_out):
        why = "the homes that stay have it, and `hand-out --withdraw` takes it back by this"
        size = _bytes_of(layout.handed_out)
        rows.append(Removal(f"what was handed out: {layout.handed_out}", size, removed=False, why=why))
    if _has_homes(layout) or _has_shared(layout):
        why = "" if options.homes else "use --homes to remove them"
        for what, path in (("participants' homes", layout.homes), ("shared folders", layout.shared)):
            if _holds(path):
                rows.append(Removal(f"{what}: {path}", _bytes_of(path), options.homes, why))
        why = "so that nobody else can take a name and its home" if keep else ""
        rows.append(Removal(f"passwords and names: {layout.hub}", _bytes_of(layout.accounts), not keep, why))
    for what, path in _of_the_people(layout):
        if path.exists():
            why = "it belongs to the people whose homes stay" if keep else ""
            rows.append(Removal(f"{what}: {path}", _bytes_of(path), not keep, why))
    return tuple(rows)


def carry_out(layout: Layout, options: DeleteOptions) -> Message:
    """Remove what the plan says. An interrupted removal is completed by the next one."""
    keep = _keeps(layout, options)
    for _, path in _own_parts(layout, keep=keep):
        _remove(path)
    if keep:
        for path in layout.hub.iterdir():
            if path.name not in (layout.accounts.name, layout.folders.name):
                _remove(path)
        return Message((f"The hub was deleted. The homes are in {layout.homes}; `skrt-hub up` brings them back.",))
    # In one step: homes that are half removed would look as if they had changed since they were saved.
    for place in (layout.homes, layout.shared):
        if place.exists():
            place.rename(_going(place))
            system.sync_folder(layout.root)
    _remove(_going(layout.homes))
    _remove(_going(layout.shared))
    _remove(layout.hub)
    _remove(layout.saves)
    for _, path in _of_the_people(layout):
        _remove(path)
    _remove(layout.command_lock)
    try:
        layout.root.rmdir()
    except OSError:
        return Message((f"The hub was deleted. Files that are not the hub's are left in {layout.root}.",))
    return Message(("The hub was deleted.",))


def _going(place: Path) -> Path:
    return place.with_name(f"{place.name}.removed")


def _own_parts(layout: Layout, *, keep: bool) -> list[tuple[str, Path]]:
    """What goes in any case. What was handed out goes with the homes: it is the record of what they were given."""
    material = [layout.material]
    if keep and _holds(layout.handed_out):
        material = sorted({*layout.material.iterdir()} - {layout.handed_out})
    return [
        *(("fetched material", path) for path in material),
        ("participants' environment", layout.root / "environments"),
        ("wheels of one's own packages", layout.wheels),
        ("what commands that look at files left", layout.inspections),
        ("what the last checks found", layout.results),
        ("what the class's page worked with", layout.class_page),
        ("hub database", layout.database),
        ("fetched sets of data", layout.datasets),
        ("logs", layout.log),
        ("secrets", layout.secrets),
        ("run files", layout.run),
        ("note that it was stopped", layout.stopped),
        ("settings as applied", layout.applied),
        ("note of their hub.yaml", layout.hub_yaml),
        ("rest of an interrupted delete", _going(layout.homes)),
        ("rest of an interrupted delete", _going(layout.shared)),
    ]


def _of_the_people(layout: Layout) -> list[tuple[str, Path]]:
    """What people were given for a term, beside their passwords: it stays with their homes."""
    return [("log-in names of everybody listed", layout.roster), ("the hub's own certificates", layout.certificates)]


def _keeps(layout: Layout, options: DeleteOptions) -> bool:
    return not options.homes and (_has_homes(layout) or _has_shared(layout))


def _has_homes(layout: Layout) -> bool:
    return _holds(layout.homes)


def _has_shared(layout: Layout) -> bool:
    return _holds(layout.shared)


def _holds(place: Path) -> bool:
    return place.is_dir() and any(place.iterdir())


def _bytes_of(path: Path) -> int:
    return size_of(path) if path.is_dir() else path.stat().st_blocks * 512 if path.is_file() else 0


def _remove(path: Path) -> None:
    try:
        kept = []
        if path.is_dir() and not path.is_symlink():
            kept = remove_tree(path)
        else:
            path.unlink(missing_ok=True)
    except OSError as error:
        kept = [Unread("", error.strerror or type(error).__name__)]
    if kept:
        raise PermissionsError(
            f"{path / kept[0].path} could not be removed.",
            why=f"{kept[0].why}.",
            remedy="Mend that, then run the same command again.",
        )
