"""What organisers ask about folders of images, answered by a program in a sandbox (enclosed.py)."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Group, RenderableType
from rich.text import Text

from skrt_hub import computer
from skrt_hub.context import Context
from skrt_hub.environment import ensure_environment
from skrt_hub.errors import ProgramError, UsageError
from skrt_hub.files import ensure_folder, write_atomically
from skrt_hub.inspection import results
from skrt_hub.process import last_lines
from skrt_hub.report import Report
from skrt_workspace.sandbox.document import LANDLOCK, NONE

if TYPE_CHECKING:
    from skrt_hub.inspection.enclosed import Ended

_FOUND = 9
_ANSWERED = {"report", "text", "good", "results"}
_NOTES = {
    NONE: "The files were opened without a sandbox (`sandbox: none` in hub.yaml).",
    LANDLOCK: "The files were opened in a sandbox that could reach the network: no namespaces are allowed here.",
}


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
    with _look(context, {"do": "check", "folder": str(folder.absolute())}, [folder.absolute()]) as looked:
        return looked.report()


def survey_privacy(context: Context, folder: Path) -> InspectionReport:
    """What in a folder tells who the patients are."""
    with _look(context, {"do": "privacy", "folder": str(folder.absolute())}, [folder.absolute()]) as looked:
        return looked.report()


def survey_several(context: Context, paths: Sequence[Path]) -> tuple[str, ...]:
    """What in several files or folders tells for certain who the patients are, as lines for a person."""
    named = list(dict.fromkeys(path.absolute() for path in paths))
    task = {"do": "certain", "folder": ", ".join(path.name for path in named[:3]), "folders": [*map(str, named)]}
    with _look(context, task, named) as looked:
        found = looked.report().found.get("certain")
    if not isinstance(found, list):
        raise ProgramError("The program that looks for patients' names gave no answer.", remedy="Run: skrt-hub check")
    return tuple(str(line) for line in found)


def clean_data(context: Context, folder: Path, to: Path) -> InspectionReport:
    """A copy of a folder's DICOM files without what tells who the patients are."""
    source, target = folder.absolute(), to.absolute()
    results.refuse_taken(target, source)
    task = {"do": "clean", "folder": str(source), "key": _key(context)}
    with _look(context, task, [source]) as looked:
        report = looked.report({"clean": target})
        results.bring_folder(looked.ended.results / "clean", target)
        return report


def compare_people(context: Context, reference: Path, people: Mapping[str, Path], to: Path) -> InspectionReport:
    """What everybody handed in with a reference: a table and a page in `to`."""
    given = {name: str(place.absolute()) for name, place in people.items()}
    task = {"do": "compare", "folder": str(reference.absolute()), "reference": str(reference.absolute())}
    named = [reference.absolute(), *(place.absolute() for place in people.values())]
    with _look(context, {**task, "people": given}, named) as looked:
        report = looked.report({results.TABLE: to / results.TABLE, results.PAGE: to / results.PAGE})
        results.bring_table(looked.ended.results, to)
        results.bring_page(looked.ended.results, to)
        return report


@dataclass(frozen=True)
class _Looked:
    """The program's answer, and what it left in its sandbox."""

    ended: Ended
    answer: Mapping[str, Any]

    def report(self, brought: Mapping[str, Path] | None = None) -> InspectionReport:
        """The answer for a person; `brought` says where results go that it names."""
        text = self._with_paths(str(self.answer["text"]), brought or {})
        found = json.loads(self._with_paths(json.dumps(self.answer["report"]), brought or {}))
        note = _NOTES.get(self.ended.enclosure, "")
        return InspectionReport(bool(self.answer["good"]), found, f"{text}\n{note}" if note else text)

    def _with_paths(self, text: str, brought: Mapping[str, Path]) -> str:
        for name, place in brought.items():
            text = text.replace(f"{self.answer['results']}/{name}", str(place))
        return self.ended.told(text)


@contextmanager
def _look(context: Context, task: Mapping[str, Any], named: Sequence[Path]) -> Iterator[_Looked]:
    computer.need_linux("Looking into images", "They are opened in a sandbox, for nobody vouches for what is in them.")
    from skrt_hub.inspection.enclosed import enclosed  # noqa: PLC0415 - it has what Linux alone has

    environment = ensure_environment(context.layout.environments, progress=context.progress).folder
    with ExitStack() as stack:
        with context.progress.step(f"looking at {task['folder']}"):
            words = ("-I", "-m", "skrt_workspace.inspection")
            ended = stack.enter_context(enclosed(context, environment, words, task, named))
        yield _Looked(ended, _answer(ended, str(task["folder"])))


def _answer(ended: Ended, folder: str) -> Mapping[str, Any]:
    """What it said last, taken apart with care. Raises ProgramError where that is no answer."""
    try:
        answer = json.loads(ended.output.splitlines()[-1])
        if not (isinstance(answer, dict) and (answer.keys() >= {"refused"} or answer.keys() >= _ANSWERED)):
            raise ValueError
        if "refused" not in answer and not isinstance(answer["report"], dict):
            raise ValueError
    except (IndexError, ValueError, RecursionError):
        raise ProgramError(
            f"The program that looks at {folder} ended without an answer.",
            why=last_lines(ended.output),
            remedy="Take out what it read last, or try parts of the folder.",
        ) from None
    if "refused" in answer:
        raise UsageError(ended.told(str(answer["refused"])), remedy="Nothing was written.")
    return answer


def _key(context: Context) -> str:
    """The hub's key for new identifiers, made at its first use; never in arguments or logs."""
    file = context.layout.data_key
    if not file.exists():
        ensure_folder(file.parent, mode=0o700)
        write_atomically(file, secrets.token_hex(32).encode(), mode=0o600)
    return file.read_text(encoding="ascii").strip()
