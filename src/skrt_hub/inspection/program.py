"""Start the program that looks at folders, in the participants' environment, and read its answer."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from skrt_hub.context import Context
from skrt_hub.environment import ensure_environment
from skrt_hub.errors import ProgramError, UsageError
from skrt_hub.files import ensure_folder, write_atomically
from skrt_hub.process import last_lines, run
from skrt_hub.report import Report

_DEADLINE = 24 * 3600.0
_REFUSED = 2
_FOUND = 9


@dataclass(frozen=True)
class InspectionReport(Report):
    """What the program found, in its own words and as a document."""

    good: bool
    found: dict[str, Any]
    text: str

    @property
    def exit_code(self) -> int:  # type: ignore[override]
        return 0 if self.good else _FOUND

    def as_json(self) -> dict[str, Any]:
        return {"good": self.good, **self.found}

    def render(self) -> RenderableType:
        return Text(self.text)


@dataclass(frozen=True)
class ComparedHandInsReport(Report):
    """Who handed in what, and how it compares with a reference."""

    collected: Report
    compared: InspectionReport

    def as_json(self) -> dict[str, Any]:
        return {**self.collected.as_json(), "compared": self.compared.found}

    def render(self) -> RenderableType:
        return Group(self.collected.render(), Text(""), self.compared.render())


def check_data(context: Context, folder: Path) -> InspectionReport:
    """What is in a folder, and what scikit-rt would get wrong there."""
    return _ask(context, {"do": "check", "folder": str(folder.absolute())})


def survey_privacy(context: Context, folder: Path) -> InspectionReport:
    """What in a folder tells who the patients are."""
    return _ask(context, {"do": "privacy", "folder": str(folder.absolute())})


def clean_data(context: Context, folder: Path, to: Path) -> InspectionReport:
    """A copy of a folder's DICOM files without what tells who the patients are."""
    key = _key(context)
    return _ask(context, {"do": "clean", "folder": str(folder.absolute()), "to": str(to.absolute()), "key": key})


def compare_people(context: Context, reference: Path, people: Mapping[str, Path], to: Path) -> InspectionReport:
    """Everybody's structure set with a reference: a table and a page in `to`."""
    given = {name: str(place.absolute()) for name, place in people.items()}
    document = {"do": "compare", "reference": str(reference.absolute()), "people": given, "to": str(to.absolute())}
    return _ask(context, {"folder": str(reference), **document})


def _ask(context: Context, document: Mapping[str, Any]) -> InspectionReport:
    environment = ensure_environment(context.layout.environments, progress=context.progress)
    command = (environment.folder / "bin" / "python", "-I", "-m", "skrt_workspace.inspection")
    variables = {"PATH": os.defpath, "HOME": os.devnull, "LANG": "C.UTF-8"}
    with context.progress.step(f"looking at {document['folder']}"):
        done = run(command, deadline=_DEADLINE, check=False, stdin=json.dumps(document), environment=variables)
    try:
        answer: dict[str, Any] = json.loads(done.out.splitlines()[-1])
    except (IndexError, ValueError):
        raise ProgramError(
            f"The program that looks at {document['folder']} ended with {done.code} and no answer.",
            why=last_lines(done.err),
            remedy="Take out what it read last, or try parts of the folder.",
        ) from None
    if done.code == _REFUSED:
        raise UsageError(str(answer["refused"]), remedy="Nothing was written.")
    return InspectionReport(bool(answer["good"]), answer["report"], str(answer["text"]))


def _key(context: Context) -> str:
    """The hub's key for new identifiers, made at its first use; never in arguments or logs."""
    file = context.layout.data_key
    if not file.exists():
        ensure_folder(file.parent, mode=0o700)
        write_atomically(file, secrets.token_hex(32).encode(), mode=0o600)
    return file.read_text(encoding="ascii").strip()
