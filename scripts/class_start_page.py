"""Measures how a class starts, with each Python, and writes the table of docs/explanation/class-start.md.

python scripts/class_start_page.py [--into FOLDER] [--people N] [--browsers N] [PYTHON …]
python scripts/class_start_page.py --write FOLDER

By default the Pythons are python3.11 and python3.13, as far as they are found. Each gets a virtual environment of its
own, then four runs of `skrt-hub bench`: a class against the stock stack; real browsers against it, which would take the
processors from a class on the same machine; a class with seats made ready; and 100 people. Nothing else should run
meanwhile. With --write the table is made of the bench.json files of an earlier call. Each Python has a folder there,
with the folders `class`, `pages`, `seats` and `hundred`.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from skrt_hub.bench.statistics import HASHES

PROJECT = Path(__file__).resolve().parent.parent
PAGE = PROJECT / "docs" / "explanation" / "class-start.md"
BEGIN, END = "<!-- Figures: made by scripts/class_start_page.py -->", "<!-- End of the figures -->"
RUNS = ("class", "pages", "seats", "hundred")
_PYTHONS = ("python3.11", "python3.13")
_HUNDRED = 100
System = dict[str, Any]
Runs = dict[str, dict[str, Any]]


def main(words: Sequence[str] | None = None) -> int:
    """Measure, or take what was measured, and write the page."""
    asked = _read(words)
    folder = asked.write or asked.into
    if asked.write is None:
        pythons = asked.pythons or [name for name in _PYTHONS if _version(name)]
        for name in pythons:
            measure(name, folder / _version(name), people=asked.people, browsers=asked.browsers)
    found = {one.name: read_runs(one) for one in sorted(folder.iterdir(), key=lambda one: _number(one.name))}
    made = table({version: runs for version, runs in found.items() if runs})
    PAGE.write_text(between_the_marks(PAGE.read_text(encoding="utf-8"), made), encoding="utf-8")
    return 0


def _read(words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pythons", nargs="*", metavar="PYTHON")
    parser.add_argument("--into", type=Path, default=PROJECT / "build" / "class-start")
    parser.add_argument("--people", type=int, default=30)
    parser.add_argument("--browsers", type=int, default=5)
    parser.add_argument("--write", type=Path)
    return parser.parse_args(words)


def _version(python: str) -> str:
    """Such as 3.13; nothing for a Python that is not there or does not run."""
    if shutil.which(python) is None:
        return ""
    program = "import sys; print('%d.%d' % sys.version_info[:2])"
    done = subprocess.run([python, "-c", program], capture_output=True, text=True, check=False)
    return done.stdout.strip()


def measure(python: str, folder: Path, *, people: int, browsers: int) -> None:
    """The four runs with one Python; their bench.json go below `folder`."""
    venv = PROJECT / "build" / f"venv-{folder.name}"
    subprocess.run(["make", f"PYTHON={python}", f"VENV={venv}", f"{venv}/dev"], cwd=PROJECT, check=True)
    settings = PROJECT / "build" / f"hub-{folder.name}.yaml"  # participants get the newest Python, unless told
    settings.write_text(f'environment: {{python: "{folder.name}"}}\n', encoding="utf-8")
    bench = [venv / "bin" / "skrt-hub", "bench", "--temporary", "--config", settings]
    for run, more in {
        "class": ["--people", people, "--against", "stock"],
        "pages": ["--people", 1, "--browsers", browsers, "--against", "stock"],
        "seats": ["--people", people, "--seats-ready"],
        "hundred": ["--people", _HUNDRED],
    }.items():
        state = ["--state", PROJECT / "build" / f"state-{folder.name}", "--out", folder / run]
        # 13: somebody did not arrive; the page tells it.
        done = subprocess.run(list(map(str, [*bench, *more, *state])), check=False)
        if done.returncode not in (0, 13):
            sys.exit(f"{python}: the run `{run}` ended with {done.returncode}")


def read_runs(folder: Path) -> Runs:
    """What each run of one Python said."""
    files = {run: folder / run / "bench.json" for run in RUNS}
    return {run: json.loads(file.read_text(encoding="utf-8")) for run, file in files.items() if file.exists()}


def between_the_marks(page: str, made: str) -> str:
    """The page with `made` in place of what stands between the marks. Raises ValueError for a page without them."""
    before, mark, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (mark and end):
        raise ValueError(f"{PAGE.name} has no {BEGIN} … {END}")
    return f"{before}{BEGIN}\n\n{made}\n{END}{after}"


def table(found: dict[str, Runs]) -> str:
    """All figures: three columns for each Python, then what the runs said of themselves."""
    heads = [cell for version in found for cell in (f"Python {version}", "stock", "times")]
    lines = [f"| Figure | {' | '.join(heads)} |", f"|---|{'---|' * len(heads)}"]
    for name, pick, show in _figures(found):
        cells = [cell for runs in found.values() for cell in _cells(pick, show, runs)]
        if any(cell != "-" for cell in cells):
            lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join([*lines, "", *_remarks(found), ""])


Pick = Callable[[Runs], tuple[float | None, float | None]]
Show = Callable[[float], str]


def _figures(found: dict[str, Runs]) -> list[tuple[str, Pick, Show]]:
    people = next((runs["class"]["systems"][0]["people"] for runs in found.values() if "class" in runs), 30)
    return [
        (f"last of {people} to see a slice", _in_class(_last), _seconds),
        (f"median of {people}", _in_class(lambda system: system["stages"]["slice"]["median"]), _seconds),
        ("one person alone, log-in to slice", _in_class(lambda system: system["alone"].get("slice")), _seconds),
        ("a further kernel, `import skrt` done", _in_class(lambda system: system["new_kernel"]), _seconds),
        *(
            (f"a further kernel, {name}", _in_class(partial(_lesson, name)), _seconds)
            for name in dict.fromkeys(name for runs in found.values() for name in _lessons(runs))
        ),
        ("memory of each (proportional set size)", _in_class(lambda system: system["memory_each"]), _megabytes),
        ("hub started, to the log-in page", _in_class(lambda system: system["start"]), _seconds),
        ("hub's processor time for each person, beside the password's hash", _in_class(_hub_each), _seconds),
        ("log-in page meanwhile, 99 %", _in_class(lambda system: system["login_page_99"]), _seconds),
        ("JupyterLab page in a browser, median", _in("pages", lambda system: _middle(system["browsers"])), _seconds),
        (
            "JupyterLab page in a browser, last",
            _in("pages", lambda system: max(system["browsers"], default=None)),
            _seconds,
        ),
        (f"seats made ready: last of {people}", _beside_stock("seats", _last), _seconds),
        (f"{_HUNDRED} people: last to see a slice", _beside_nothing("hundred", _last), _seconds),
        (
            f"{_HUNDRED} people: log-in page meanwhile, 99 %",
            _beside_nothing("hundred", lambda system: system["login_page_99"]),
            _seconds,
        ),
    ]


def _in_class(of: Callable[[System], float | None]) -> Pick:
    """A figure of both systems in the run with the class."""

    return _in("class", of)


def _in(run: str, of: Callable[[System], float | None]) -> Pick:
    """A figure of both systems in one run."""

    def pick(runs: Runs) -> tuple[float | None, float | None]:
        systems = runs[run]["systems"] if run in runs else []
        ours, stock = (*systems, None, None)[:2]
        return (of(ours) if ours else None, of(stock) if stock else None)

    return pick


def _beside_stock(run: str, of: Callable[[System], float | None]) -> Pick:
    """A figure of another run, beside that of the stock stack in the class."""
    return lambda runs: (_beside_nothing(run, of)(runs)[0], _in_class(of)(runs)[1])


def _beside_nothing(run: str, of: Callable[[System], float | None]) -> Pick:
    return lambda runs: (of(runs[run]["systems"][0]) if run in runs else None, None)


def _last(system: System) -> float | None:
    return system["stages"].get("slice", {}).get("last")


def _lesson(name: str, system: System) -> float | None:
    return system.get("lessons", {}).get(name)


def _lessons(runs: Runs) -> list[str]:
    systems = runs["class"]["systems"] if "class" in runs else []
    return [name for system in systems for name in system.get("lessons", {})]


def _hub_each(system: System) -> float | None:
    """A password's hash costs what it must cost whoever tries passwords; the stock stack asks for none."""
    used = system["processor_time"].get("hub")
    hashes = system["processor_time"].get(HASHES, 0.0)
    return None if used is None else (used - hashes) / system["people"]


def _middle(values: Sequence[float]) -> float | None:
    """The median, by the nearest rank, as the bench has it."""
    return sorted(values)[(len(values) - 1) // 2] if values else None


def _cells(pick: Pick, show: Show, runs: Runs) -> tuple[str, str, str]:
    ours, stock = pick(runs)
    times = f"{stock / ours:.1f}" if ours and stock else "-"
    return ("-" if ours is None else show(ours), "-" if stock is None else show(stock), times)


def _seconds(value: float) -> str:
    return f"{value:.2f} s" if value < 10 else f"{value:.1f} s"


def _megabytes(value: float) -> str:
    return f"{value / 1e6:.0f} MB"


def _remarks(found: dict[str, Runs]) -> list[str]:
    lines = []
    for version, runs in found.items():
        for run, report in runs.items():
            lines.append(
                f"* Python {version}, {run}: {report['machine']}; skrt-hub {report['version']}; {report['when']}."
            )
            for system in report["systems"]:
                lines += [f"  {system['system']}: {words}" for words in (*system["notes"], *system["failures"])]
    return lines


def _number(version: str) -> tuple[int, ...]:
    return tuple(map(int, re.findall(r"\d+", version)))


if __name__ == "__main__":
    sys.exit(main())
