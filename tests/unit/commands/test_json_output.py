"""What commands print with --json is what the schema says, and stays what it was."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from skrt_hub.cli import VERBS, main
from skrt_hub.hub.applied import Applied, Ports, write_applied
from skrt_hub.hub.names import Places
from skrt_hub.layout import Layout
from skrt_hub.settings.model import Settings
from skrt_hub.version import FORMAT
from tests.support.json_output import SCHEMA, validate

CONTRACT = Path(__file__).with_name(f"json_format_{FORMAT}.json")
"""Each report's fields and their types in this version. A new field may be added; `python -m json.tool` reads well."""


def fields() -> dict[str, dict[str, Any]]:
    """The first level of every report: what scripts that were written for this version read."""
    reports = {name: schema for name, schema in SCHEMA["$defs"].items() if "properties" in schema}
    return {
        name: {
            field: kind.get("type") or kind.get("anyOf") or "a section" for field, kind in schema["properties"].items()
        }
        for name, schema in reports.items()
    }


def test_no_field_goes_or_changes_within_a_version() -> None:
    agreed = json.loads(CONTRACT.read_text(encoding="utf-8"))
    now = json.loads(json.dumps(fields()))
    gone = [
        f"{report}.{field} was {kind}, is {now.get(report, {}).get(field)}"
        for report, kinds in agreed.items()
        for field, kind in kinds.items()
        if now.get(report, {}).get(field) != kind
    ]
    assert gone == [], "raise report.FORMAT, and write the new version's fields down"


def test_no_report_has_a_field_that_every_document_has() -> None:
    for name, schema in SCHEMA["$defs"].items():
        if name not in ("hub", "error") and "properties" in schema:
            assert schema["properties"]["format"] == {"const": FORMAT}, name
            assert "error" not in schema["properties"], name


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    layout = Layout(tmp_path / "state")
    layout.hub.mkdir(parents=True)
    write_applied(layout, Applied(Settings(), "0.1.0", Ports(8101, 8102, 8103), Path("environment"), root=False))
    home = layout.home(Places(layout.folders).ensure("anna").folder)
    home.mkdir(parents=True)
    (home / "work.txt").write_text("mine")
    return layout.root


def test_real_documents_are_as_the_schema_says(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    commands = {
        "status": (0, 19),
        "save --to copies": (0,),
        "saves list": (0,),
        "saves verify": (0,),
        "saves compare": (0,),
        "restore --into back": (0,),
        "collect work.txt --to in": (0,),
        "collect work.txt --to in --into": (2,),
        "material status": (0,),
        "participants list": (0,),
        "logs hub": (0, 2),
        "init --print": (0,),
        "init": (0,),
        "delete --dry-run": (0,),
        "save zoe": (18,),
        "image list": (2, 3, 4, 9),
    }
    for words, codes in commands.items():
        given = words.split()
        code = main([*given, "--json", *([] if given[0] == "init" else ["--state", str(state)])])
        document = json.loads(capsys.readouterr().out)
        assert code in codes, (words, document)
        assert document.get("exit_code", code) == code
        validate(given, document)
        if given[0] != "init" and code != 2:
            assert document["hub"] == {"name": "skrt-hub", "config": document["hub"]["config"], "folder": str(state)}


def test_a_document_that_lacks_a_field_is_found() -> None:
    with pytest.raises(jsonschema.ValidationError):
        validate(["status"], {"format": FORMAT, "name": "x"})
    with pytest.raises(jsonschema.ValidationError):
        validate(["status"], {"format": FORMAT + 1, "error": "", "why": "", "remedy": "", "exit_code": 3})
    assert set(VERBS) <= {name.replace("-", " ") for name in SCHEMA["$defs"]} | set(SCHEMA["$defs"])
