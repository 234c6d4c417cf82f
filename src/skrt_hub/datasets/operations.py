"""What the commands about sets do: list, verify, remove; `fetch` is in a module of its own."""

from __future__ import annotations

from collections.abc import Sequence

from skrt_hub.context import Context
from skrt_hub.datasets import record
from skrt_hub.datasets.fetch import chosen, locked
from skrt_hub.datasets.known import known_sets
from skrt_hub.datasets.report import SetRow, SetsReport, VerifiedSet, VerifiedSetsReport
from skrt_hub.errors import StateError
from skrt_hub.files import ensure_folder
from skrt_hub.likeness import meant
from skrt_hub.settings.datasets import Dataset
from skrt_workspace.home.walk import remove_tree


def list_sets(context: Context, done: tuple[str, ...] = ()) -> SetsReport:
    """Those that hub.yaml names, and those that are here and no longer named."""
    rows = [_row(context, entry) for entry in context.settings.datasets]
    named = {entry.name for entry in context.settings.datasets}
    rows += [_left(context, name) for name in _here(context) if name not in named]
    return SetsReport(tuple(rows), done)


def list_known() -> SetsReport:
    """Those that hub.yaml may name."""
    return SetsReport(
        tuple(
            SetRow(
                one.name,
                "known",
                f"/data/{one.name}",
                one.size(),
                sum(row.files for row in one.series()),
                one.licence,
                one.citation,
                title=one.title,
            )
            for one in known_sets().values()
        ),
        ("Write it in hub.yaml: `datasets: [NAME]`, or `{name: NAME, patients: 5}`. Then: skrt-hub datasets fetch",),
    )


def verify_sets(context: Context, names: Sequence[str]) -> VerifiedSetsReport:
    """Read every file again, and compare it with what was fetched."""
    rows, missing = [], []
    for entry in chosen(context, names):
        known = record.read(context.layout, entry.name)
        if not known:
            missing.append(entry.name)
            continue
        with context.progress.step(f"{entry.name}: reading") as step:
            found = record.describe(context.layout.dataset(entry.name), step.update)
        wanted = known["files"]
        both = wanted.keys() & found.keys()
        rows.append(
            VerifiedSet(
                entry.name,
                len(wanted),
                tuple(sorted(name for name in both if wanted[name] != found[name])),
                tuple(sorted(wanted.keys() - found.keys())),
                tuple(sorted(found.keys() - wanted.keys())),
            )
        )
    return VerifiedSetsReport(tuple(rows), tuple(missing))


def remove_sets(context: Context, names: Sequence[str]) -> tuple[str, ...]:
    """Remove what was fetched of these; what was done, in words. The source is never touched."""
    here = {*_here(context), *(entry.name for entry in context.settings.datasets)}
    for name in names:
        if name not in here:
            raise StateError(
                f"There is no data set {name!r} here.", remedy=f"{meant(name, here)}See: skrt-hub datasets list"
            )
    ensure_folder(context.layout.datasets, mode=0o755)
    done = []
    with locked(context):
        for name in names:
            there = [
                path
                for path in (context.layout.dataset(name), context.layout.dataset_on_its_way(name))
                if path.exists()
            ]
            context.layout.dataset_record(name).unlink(missing_ok=True)
            for path in there:
                remove_tree(path)
            done.append(f"{name}: {'what was fetched of it was removed' if there else 'nothing was fetched of it'}.")
    return tuple(done)


def _here(context: Context) -> list[str]:
    places = (context.layout.datasets, context.layout.dataset_on_its_way("x").parent)
    found = {path.name for place in places if place.is_dir() for path in place.iterdir() if path.is_dir()}
    return sorted(name for name in found if not name.startswith("."))


def _row(context: Context, entry: Dataset) -> SetRow:
    state = record.state_of(context.layout, entry)
    facts, known = state.record, known_sets().get(entry.name) if entry.known else None
    return SetRow(
        entry.name,
        state.words if known or not entry.known else "not a known set",
        f"/data/{entry.name}",
        facts.get("bytes") or (known.size(entry.patients) if known else 0),
        len(facts.get("files", ())) or (sum(row.files for row in known.series(entry.patients)) if known else 0),
        facts.get("licence") or entry.licence or (known.licence if known else ""),
        facts.get("citation") or entry.citation or (known.citation if known else ""),
        facts.get("hash", ""),
        facts.get("vouched", ""),
        known.title if known else "",
        facts.get("fetched", ""),
    )


def _left(context: Context, name: str) -> SetRow:
    facts = record.read(context.layout, name)
    return SetRow(
        name,
        "here, and not named in hub.yaml any more",
        "-",
        facts.get("bytes", 0),
        len(facts.get("files", ())),
        facts.get("licence", ""),
        facts.get("citation", ""),
        facts.get("hash", ""),
        facts.get("vouched", ""),
    )
