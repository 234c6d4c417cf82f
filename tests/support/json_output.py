"""Whether what a command printed with --json is what its documented schema says."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jsonschema

from skrt_hub.cli import VERBS

_FILE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "json-output.schema.json"
SCHEMA: dict[str, Any] = json.loads(_FILE.read_text(encoding="utf-8"))


def validate(words: Sequence[str], document: Any) -> None:
    """Raise ValidationError where the document is not what the command, the first word, is documented to print."""
    name = " ".join(words[:2]) if " ".join(words[:2]) in VERBS else words[0]
    name = name.replace(" ", "-")
    jsonschema.validate(document, {**SCHEMA, "anyOf": [{"$ref": f"#/$defs/{name}"}]})
