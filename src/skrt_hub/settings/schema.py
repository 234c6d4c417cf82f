"""hub.yaml as a JSON schema: editors that know it complete keys, explain them, and mark what cannot be used."""

from __future__ import annotations

import json
from typing import Any

from skrt_hub.settings.model import Settings

NAME = "hub.schema.json"
MODELINE = f"# yaml-language-server: $schema={NAME}"
"""The line of a hub.yaml that tells an editor where its schema lies: beside it, so that no network is needed."""


def hub_yaml_schema() -> dict[str, Any]:
    """The schema of what a person may write."""
    schema = Settings.model_json_schema(mode="validation")
    _add_short_forms(schema)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": "hub.yaml of skrt-hub"}


def _add_short_forms(schema: dict[str, Any]) -> None:
    """What stands for a whole section: `login: codes`, `participants: class.csv`, a bare name in a list."""
    properties, kinds = schema["properties"], schema["$defs"]["Login"]["properties"]["kind"]["enum"]
    schema["$defs"]["Kubernetes"]["properties"].setdefault(
        "tls", {"description": "Old place of `tls`.", "type": "object"}
    )
    login, people = properties["login"], properties["participants"]
    properties["login"] = {"description": "How participants log in.", "anyOf": [{"enum": kinds}, login]}
    people["items"] = {"anyOf": [{"type": "string", "minLength": 1}, people["items"]]}
    tls = properties["tls"]
    properties["tls"] = {"description": "Encryption.", "anyOf": [{"enum": ["class"]}, tls]}
    listed = {key: people.pop(key) for key in ("type", "items")}
    people["anyOf"] = [{"type": "string", "pattern": r"\.(csv|tsv|txt)$"}, listed]


def schema_text() -> str:
    """The same as a file."""
    return json.dumps(hub_yaml_schema(), indent=2, ensure_ascii=False) + "\n"
