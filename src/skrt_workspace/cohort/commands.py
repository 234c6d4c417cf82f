"""What people call: run a cohort, ask how far it is, read its results, cancel it, try again what failed."""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from skrt_workspace import workers
from skrt_workspace.cohort import carried, clusters, files, keys, progress, runner, share
from skrt_workspace.cohort.table import (
    CANCELLED,
    HIDDEN,
    RUN,
    CohortError,
    Head,
    Status,
    Table,
    every,
    home,
    now,
    usable_name,
)
from skrt_workspace.engines import exact

_LONGEST_LABEL = 80
_RUNNER_STARTS = 3.0


def run(
    function: Callable[..., Any],
    patients: Iterable[Any] | Mapping[str, Any],
    *,
    name: str = "",
    parameters: Mapping[str, Any] | None = None,
    at_once: int = 0,
    threads: int = 1,
    wait: bool = True,
) -> Status:
    """Call `function(patient, **parameters)` for each patient, in programs that outlive this notebook and its browser.

    What was done before is not done again: neither when the cell is run again, nor with more patients. It counts what
    the function does, the parameters, and the content of the files and folders that patients name.

    :param patients: paths, or whatever the function takes; a dictionary gives each a label.
    :param name: of the folder `cohorts/NAME` with the results; without it the function's.
    :param at_once: no more tasks than that at a time; 0 for as many as your server's processors and the hub allow.
    :param threads: for the engines of each task. One is best for many patients.
    :param wait: show a bar until all is done. Interrupt it, and the cohort goes on.
    :raises CohortError: where that cannot be.
    """
    if not callable(function):
        raise CohortError("The first argument must be a function that takes one patient.")
    clusters.check(workers.engine())
    labelled = _labelled(patients)
    table = Table(home() / usable_name(name or getattr(function, "__name__", "").strip("<>") or "cohort"))
    try:
        _write(table, function, dict(parameters or {}), labelled, at_once=at_once, threads=threads)
        runner.ensure()
    except OSError as error:
        raise CohortError(f"The cohort cannot be kept in {table.folder}: {error.strerror}.") from None
    return _wait(table) if wait else _look(table)


def wait(name: str) -> Status:
    """Show a bar until the cohort has finished."""
    return _wait(_found(name))


def status(name: str = "") -> Status | list[Status]:
    """How far a cohort is; without a name, how far each is."""
    return _look(_found(name)) if name else [_look(table) for table in every()]


def names() -> list[str]:
    """The names of all cohorts, the oldest first."""
    return [table.head().name for table in every()]


def results(name: str) -> Any:
    """A table with a row for each patient that is done, and a column for each key of the dictionary that it gave."""
    import pandas as pd  # noqa: PLC0415 - a heavy library

    table = _found(name)
    head = table.head()
    rows, labels = [], []
    for label, key in zip(head.labels, head.keys, strict=True):
        kept = table.result(key)
        if kept is not None:
            value = kept["value"]
            rows.append(value if isinstance(value, dict) else {"result": value})
            labels.append(label)
    return pd.DataFrame(rows, index=pd.Index(labels, name="patient"))


def errors(name: str) -> Any:
    """A table with a row for each patient that failed: the error, the end of the traceback, and of what was printed."""
    import pandas as pd  # noqa: PLC0415 - a heavy library

    table = _found(name)
    head = table.head()
    done = table.done()
    columns = ("error", "traceback", "output", "tries", "seconds")
    found = {
        label: [told.get(column, "") for column in columns]
        for label, key in zip(head.labels, head.keys, strict=True)
        if key not in done and (told := table.error(key)) is not None
    }
    return pd.DataFrame.from_dict(found, orient="index", columns=list(columns)).rename_axis("patient")


def cancel(name: str) -> Status:
    """End what runs and begin nothing more. What is done stays; `cohort.run` with the same goes on."""
    table = _found(name)
    table.write(replace(table.head(), state=CANCELLED))
    return _look(table, running=0)


def retry(name: str, *, wait: bool = True) -> Status:
    """Try again all that failed."""
    table = _found(name)
    for key in table.failed():
        (table.errors / f"{key}.json").unlink(missing_ok=True)
    if table.head().state != RUN:
        table.write(replace(table.head(), state=RUN))
    runner.ensure()
    return _wait(table) if wait else _look(table)


def remove(name: str) -> None:
    """Delete a cohort with its results; it must have finished, or be cancelled."""
    table = _found(name)
    if not _look(table).finished:
        raise CohortError(f"{name} has not finished. Type cohort.cancel({name!r}) first.")
    # Out of sight in one step: a runner that still looks would take results that go one by one for tasks to be done.
    aside = table.folder.with_name(f"{HIDDEN}removed-{name}-{os.getpid()}")
    table.folder.rename(aside)
    shutil.rmtree(aside)


def _found(name: str) -> Table:
    table = Table(home() / usable_name(name))
    if not table.file.exists():
        known = ", ".join(names())
        raise CohortError(f"There is no cohort {name!r}. {f'There are: {known}.' if known else 'There is none yet.'}")
    return table


def _look(table: Table, running: int | None = None) -> Status:
    if running is None:
        told, _, of = share.said()
        running = told if of == table.folder.name and runner.runs() else 0
    return table.status(running)


def _wait(table: Table) -> Status:
    due = time.monotonic() + _RUNNER_STARTS

    def look() -> Status:
        nonlocal due
        found = _look(table)
        if not found.finished and not found.running and time.monotonic() > due:
            runner.ensure()  # it was killed, or ended in the moment in which this cohort came
            due = time.monotonic() + _RUNNER_STARTS
        return found

    return progress.follow(look)


def _write(
    table: Table,
    function: Callable[..., Any],
    parameters: dict[str, Any],
    labelled: Mapping[str, Any],
    *,
    at_once: int,
    threads: int,
) -> None:
    function_hash = keys.hash_of((function, parameters))
    found = tuple(keys.key_of(function_hash, patient) for patient in labelled.values())
    known = _known(table)
    wanted: dict[str, Any] = {
        "labels": tuple(labelled),
        "keys": found,
        "at_once": max(0, at_once),
        "threads": max(1, threads),
        "inputs": tuple(carried.inputs_of(patient) for patient in labelled.values()),
        "common_inputs": carried.inputs_of((function, parameters)),
    }
    # What was there is kept as it is where nothing changed: a cohort at work must not begin anew for a second call.
    if known is not None and known.function_hash == function_hash and wanted == {n: getattr(known, n) for n in wanted}:
        if known.state != RUN:
            table.write(replace(known, state=RUN))
        return
    names, own = keys.modules_of(function)
    common, packed = _packed(function, parameters, labelled, own)
    work, places = table.write_work(common, packed)
    head = Head(
        name=table.folder.name,
        function=getattr(function, "__name__", "function"),
        function_hash=function_hash,
        created=known.created if known is not None else now(),
        work=work,
        places=places,
        folder=str(Path.cwd()),
        path=tuple(place for place in sys.path if place and Path(place).is_relative_to(Path.home())),
        modules=tuple(names),
        variables={exact.VARIABLE: os.environ[exact.VARIABLE]} if exact.VARIABLE in os.environ else {},
        **wanted,
    )
    table.write(head)
    table.forget_other_work(head)


def _known(table: Table) -> Head | None:
    try:
        head = table.head()
        files.read(table.folder / head.work)
    except (CohortError, OSError, ValueError):
        return None
    return head


def _packed(
    function: Any, parameters: Mapping[str, Any], labelled: Mapping[str, Any], own: list[Any]
) -> tuple[bytes, list[bytes]]:
    """Function and patients by value: with what the notebook defines, and the participant's own modules."""
    import cloudpickle  # noqa: PLC0415 - only this needs it

    for module in own:
        cloudpickle.register_pickle_by_value(module)
    try:
        common = cloudpickle.dumps((function, dict(parameters)))
        return common, [cloudpickle.dumps(patient) for patient in labelled.values()]
    except Exception as error:
        raise CohortError(
            f"The function, or a patient, holds something that cannot be taken along: {error}. Open files and windows "
            "inside the function."
        ) from None
    finally:
        for module in own:
            cloudpickle.unregister_pickle_by_value(module)


def _labelled(patients: Iterable[Any] | Mapping[str, Any]) -> dict[str, Any]:
    if isinstance(patients, (str, os.PathLike)):
        raise CohortError("Give a list of patients. `sorted(Path(FOLDER).iterdir())` lists those in a folder.")
    pairs = (
        [(str(label)[:_LONGEST_LABEL], patient) for label, patient in patients.items()]
        if isinstance(patients, Mapping)
        else [(_label(patient), patient) for patient in patients]
    )
    if not pairs:
        raise CohortError("There are no patients.")
    found: dict[str, Any] = {}
    for label, patient in pairs:
        unique, number = label, 2
        while unique in found:
            unique, number = f"{label} ({number})", number + 1
        found[unique] = patient
    return found


def _label(patient: Any) -> str:
    if isinstance(patient, (str, os.PathLike)):
        text = Path(os.fsdecode(patient)).name
    elif isinstance(patient, (list, tuple)) and patient and isinstance(patient[0], (str, os.PathLike)):
        text = Path(os.fsdecode(patient[0])).name
    else:
        text = str(getattr(patient, "id", None) or patient)
    return " ".join(text.split())[:_LONGEST_LABEL] or "patient"
