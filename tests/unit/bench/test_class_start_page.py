"""The table of docs/explanation/class-start.md, from what the bench wrote."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

import pytest

from skrt_hub.bench.statistics import HASHES
from tests.unit.test_docs import DOCS

SCRIPT = DOCS.parent / "scripts" / "class_start_page.py"


def load() -> Any:
    spec = importlib.util.spec_from_file_location("class_start_page", SCRIPT)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


page = load()


def system(name: str, last: float, **more: Any) -> dict[str, Any]:
    return {
        "system": name,
        "people": 30,
        "alone": {"slice": last / 10},
        "stages": {"slice": {"median": last / 2, "most": last, "last": last}},
        "new_kernel": 0.2,
        "start": 1.5,
        "memory_each": last * 1e6,
        "login_page_99": 0.25,
        "processor_time": {"hub": 3.0, HASHES: 1.2} if name == "skrt-hub" else {"hub": 3.0},
        "browsers": [],
        "notes": [],
        "failures": [],
        **more,
    }


def report(*systems: dict[str, Any]) -> dict[str, Any]:
    return {"version": "1", "when": "today", "machine": "a machine", "systems": list(systems)}


def test_a_row_has_both_figures_and_how_many_times() -> None:
    ours, stock = system("skrt-hub", 10.0, lessons={"a lesson": 2.0}), system("stock", 50.0)
    pages = report(system("skrt-hub", 1.0, browsers=[4.0, 3.0, 9.0]), system("stock", 5.0, browsers=[12.0]))
    runs = {"class": report(ours, stock), "pages": pages, "seats": report(system("seats ready", 2.5))}
    text = page.table({"3.11": runs, "3.13": {"class": report(ours)}})
    rows = {line.split(" | ")[0].strip("| "): line.strip("| ").split(" | ")[1:] for line in text.splitlines()}

    assert rows["Figure"] == ["Python 3.11", "stock", "times", "Python 3.13", "stock", "times"]
    assert rows["last of 30 to see a slice"] == ["10.0 s", "50.0 s", "5.0", "10.0 s", "-", "-"]
    assert rows["memory of each (proportional set size)"][:3] == ["10 MB", "50 MB", "5.0"]
    assert rows["hub's processor time for each person, beside the password's hash"][:3] == ["0.06 s", "0.10 s", "1.7"]
    assert rows["JupyterLab page in a browser, median"][:3] == ["4.00 s", "12.0 s", "3.0"]
    assert rows["a further kernel, a lesson"][:3] == ["2.00 s", "-", "-"]
    assert rows["seats made ready: last of 30"] == ["2.50 s", "50.0 s", "20.0", "-", "-", "-"]
    assert not any(name.startswith("100 people") for name in rows)
    assert "* Python 3.11, seats: a machine; skrt-hub 1; today." in text


def test_failures_and_notes_are_told() -> None:
    stock = system("stock", 50.0, notes=["proxy: traefik"], failures=["2 × a time-out"])
    text = page.table({"3.11": {"class": report(system("skrt-hub", 10.0), stock)}})

    assert "stock: proxy: traefik" in text and "stock: 2 × a time-out" in text


def test_only_what_stands_between_the_marks_is_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file, runs = tmp_path / "page.md", tmp_path / "runs"
    file.write_text(f"before\n{page.BEGIN}\nold\n{page.END}\nafter\n")
    (runs / "3.11" / "class").mkdir(parents=True)
    (runs / "3.11" / "class" / "bench.json").write_text(json.dumps(report(system("skrt-hub", 10.0))))
    monkeypatch.setattr(page, "PAGE", file)

    assert page.main(["--write", str(runs)]) == 0
    text = file.read_text()
    assert text.startswith(f"before\n{page.BEGIN}\n") and text.endswith(f"{page.END}\nafter\n")
    assert "old" not in text and "10.0 s" in text
    with pytest.raises(ValueError, match=r"page\.md has no"):
        page.between_the_marks("no marks", "")


def test_the_page_has_the_marks() -> None:
    text = (DOCS / "explanation" / "class-start.md").read_text(encoding="utf-8")

    assert page.BEGIN in text and page.END in text
