"""hub.yaml's schema for editors accepts what skrt-hub accepts, and marks what it refuses."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from ruamel.yaml import YAML

from skrt_hub.cli import main
from skrt_hub.errors import SettingsError
from skrt_hub.settings.load import load_settings
from skrt_hub.settings.schema import MODELINE, NAME, hub_yaml_schema
from skrt_hub.settings.template import commented_hub_yaml

SCHEMA = hub_yaml_schema()
GOOD = [
    {"name": "physics", "port": 8080, "participants": ["anna"]},
    {"limits": {"memory": "3 GB", "idle": "2 h"}},
    {"limits": {"memory": "1.5GiB", "idle": 0}},
    {"material": [{"folder": "exercises"}]},
    {"target": "kubernetes"},
    {"login": "codes", "participants": ["anna", {"name": "Björn Borg", "group": "A"}]},
]
BAD = [
    {"prot": 8080},
    {"port": "many"},
    {"limits": {"memory": "much"}},
    {"limits": {"idle": 90}},
    {"limits": {"idle": "90 minutes"}},
    {"participants": "anna"},
    {"participants": [{"naem": "Björn"}]},
    {"login": "cods"},
]


def accepts(document: Any, tmp_path: Path) -> bool:
    file = tmp_path / "hub.yaml"
    file.write_text(json.dumps(document), encoding="utf-8")
    try:
        load_settings(file)
    except SettingsError:
        return False
    return True


@pytest.mark.parametrize("document", [*GOOD, *BAD], ids=json.dumps)
def test_it_judges_as_skrt_hub_does(document: Any, tmp_path: Path) -> None:
    fits = not list(jsonschema.Draft202012Validator(SCHEMA).iter_errors(document))
    assert fits == accepts(document, tmp_path) == (document in GOOD)


def test_every_key_is_explained_in_it() -> None:
    sections = [SCHEMA, *SCHEMA["$defs"].values()]
    for section in sections:
        for key, field in section.get("properties", {}).items():
            named = SCHEMA["$defs"].get(field.get("$ref", "").rpartition("/")[2], {})
            assert field.get("description") or named.get("description"), key


def test_init_puts_it_beside_the_file_that_names_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["init"]) == 0
    first = Path("hub.yaml").read_text(encoding="utf-8").splitlines()[0]
    assert first == MODELINE == f"# yaml-language-server: $schema={NAME}"
    assert json.loads(Path(NAME).read_text(encoding="utf-8")) == SCHEMA
    assert main(["init"]) == 12
    Path(NAME).write_text("{}")
    assert main(["init", "--schema"]) == 0
    assert json.loads(Path(NAME).read_text(encoding="utf-8")) == SCHEMA


def test_every_line_of_the_template_fits_when_it_is_taken_in() -> None:
    lines = commented_hub_yaml().splitlines()
    keys = [line[2:] for line in lines if re.match(r"# ( {2})*[a-z_]+:", line)]
    document = YAML(typ="safe").load("\n".join(keys))
    given = {key: value for key, value in document.items() if value not in (None, "")}
    faults = jsonschema.Draft202012Validator(SCHEMA).iter_errors(given)
    assert [fault.json_path for fault in faults if "None" not in fault.message] == []
