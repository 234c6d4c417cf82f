"""Reading what the workspace's self-test prints: one JSON document a line, among lines that libraries print."""

from __future__ import annotations

import json

from skrt_hub.report import VerifyRow


def rows_so_far(text: str, environment: str = "") -> tuple[VerifyRow, ...]:
    """The rows that the self-test has printed in this environment."""
    rows = []
    for document in _documents(text):
        row = document.get("row")
        if not isinstance(row, dict):
            continue
        try:
            detail, numbers = str(row.get("detail", "")), dict(row.get("numbers", {}))
            name, verdict, seconds = str(row["name"]), str(row["verdict"]), float(row["seconds"])
            rows.append(VerifyRow(name, verdict, seconds, detail, numbers, environment))
        except (KeyError, TypeError, ValueError):
            continue
    return tuple(rows)


def all_rows(text: str, environment: str = "") -> tuple[VerifyRow, ...]:
    """The rows of a self-test that has ended; one that ended before its summary gets a failed row for that."""
    rows = rows_so_far(text, environment)
    if any("summary" in document for document in _documents(text)):
        return rows
    words = " ".join(line for line in text.strip().splitlines()[-3:] if not line.startswith("{"))
    detail = f"It ended before its last step. {words}".strip()
    return (*rows, VerifyRow("self-test", "failed", 0, detail, environment=environment))


def title(environment: str) -> str:
    """What the progress says while an environment is tested."""
    return f"self-test, as a participant{f', in {environment}' if environment else ''}"


def _documents(text: str) -> list[dict[str, object]]:
    found = []
    for line in text.splitlines():
        try:
            document = json.loads(line)
        except ValueError:
            continue
        if isinstance(document, dict):
            found.append(document)
    return found
