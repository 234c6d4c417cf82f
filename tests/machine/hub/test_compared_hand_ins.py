"""A class hands in contours, and the organiser compares them: whole, drawn otherwise, and made to do harm."""

from __future__ import annotations

import base64
import csv
import io
import json
from pathlib import Path

import pytest

from skrt_hub.environment import Environment
from tests.support.hubs import Hub


@pytest.mark.long
def test_a_class_hands_in_contours(running: Hub, environment: Environment, tmp_path: Path) -> None:
    study = environment.folder / "share" / "skrt-workspace" / "phantom" / "patients" / "Phantom-1"
    mine = next((study / "20260105_090000").rglob("RTSTRUCT_*.dcm"))
    deformed = next(path for path in sorted(study.glob("*/RTSTRUCT/CT/*/RTSTRUCT_*.dcm")) if path != mine)
    whole = mine.read_bytes()
    assert b"GTV " in whole
    handed_in = {
        "anna": whole,
        "bob": deformed.read_bytes().replace(b"GTV ", b"<b>G"),
        "carl": whole[: len(whole) // 2],
    }
    for name, content in handed_in.items():
        document = {"type": "file", "format": "base64", "content": base64.b64encode(content).decode("ascii")}
        person = running.at_work(name)
        person.api("PUT", "api/contents/contours.dcm", document)
        person.end_server()
    to = tmp_path / "came"
    done = running.run("collect", "contours.dcm", "--to", str(to), "--compare-with", str(mine), "--json")
    assert "Heart" in json.dumps(json.loads(done.stdout)["compared"])
    table = io.StringIO((to / "compared.csv").read_text(encoding="utf-8-sig"))
    rows = {(row["participant"], row["structure"]): row for row in csv.DictReader(table)}
    assert float(rows["anna", "Heart"]["dice"]) == 1
    assert 0.5 < float(rows["bob", "Heart"]["dice"]) < 1
    assert rows["carl", ""]["problem"]
    page = (to / "compared.html").read_text(encoding="utf-8")
    assert page.count("<img") >= 8
    assert "<script" not in page
    assert "<b>" not in page
    assert {path.stat().st_uid for path in to.rglob("*")} == {to.stat().st_uid}
    assert not [path for path in (running.state / "inspections").iterdir() if path.is_dir()]
