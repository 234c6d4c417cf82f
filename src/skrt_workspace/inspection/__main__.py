"""Look at folders, or clean them, for the hub: one JSON document in a file, one on standard output.

`{"do": "check" | "privacy" | "certain" | "clean" | "compare", "folder": ..., "results": ..., "key": ...}` in; out
`{"report": ..., "text": ...}`, or `{"refused": ...}`. It runs in a sandbox, because files from elsewhere may be made to
harm who reads them; and it gives up what it does not need before it opens the first.
"""

from __future__ import annotations

import json
import resource
import sys
import warnings
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from skrt_workspace.compare import compare_class
from skrt_workspace.data import UnusableDataError, check
from skrt_workspace.data.privacy import clean, survey

_MEMORY = 16 << 30
_OPEN_FILES = 256
_FILE_SIZE = 64 << 30
_PROCESSOR_SECONDS = 24 * 3600


def main() -> int:
    """Run the program; 0 where it could be done, 2 where it was refused."""
    given = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    _give_up()
    warnings.simplefilter("ignore")  # pydicom's, on values that bend the standard; findings say what matters
    try:
        report = _TASKS[given["do"]](given)
    except UnusableDataError as error:
        print(json.dumps({"refused": str(error)}))
        return 2
    print(json.dumps({**report, "results": given["results"]}, default=str))
    return 0


def _give_up() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (_FILE_SIZE, _FILE_SIZE))
    resource.setrlimit(resource.RLIMIT_CPU, (_PROCESSOR_SECONDS, _PROCESSOR_SECONDS))
    resource.setrlimit(resource.RLIMIT_NOFILE, (_OPEN_FILES, _OPEN_FILES))


def _check(given: dict[str, Any]) -> dict[str, Any]:
    report = check(given["folder"])
    return {"report": report.as_json(), "text": str(report), "good": report.is_clean}


def _privacy(given: dict[str, Any]) -> dict[str, Any]:
    found = survey(given["folder"])
    return {"report": found.as_json(), "text": str(found), "good": found.is_clean}


def _certain(given: dict[str, Any]) -> dict[str, Any]:
    """What tells for certain who patients are, in all folders together."""
    found = [f"{one}" for folder in given["folders"] for one in survey(folder).named if one.certain]
    persons_first = sorted(dict.fromkeys(found), key=lambda line: not line.startswith("Patient"))
    return {"report": {"certain": persons_first}, "text": "", "good": not found}


def _clean(given: dict[str, Any]) -> dict[str, Any]:
    cleaned = clean(given["folder"], Path(given["results"], "clean"), bytes.fromhex(given["key"]))
    return {"report": asdict(cleaned), "text": str(cleaned), "good": True}


def _compare(given: dict[str, Any]) -> dict[str, Any]:
    compared = compare_class(given["reference"], given["people"], given["results"])
    return {"report": asdict(compared), "text": str(compared), "good": True}


_TASKS: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "check": _check,
    "privacy": _privacy,
    "certain": _certain,
    "clean": _clean,
    "compare": _compare,
}


if __name__ == "__main__":
    sys.exit(main())
