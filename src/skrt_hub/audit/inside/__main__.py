"""The attacker's program: `python audit.pyz FACTS ANSWER [NAME…]`; tries everything (or what is named), writes JSON.

ANSWER is replaced after each attempt, so that whoever waits sees how far it is, and what came before an end that
nobody expected.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from . import calls, files, limits, network
from .attempt import Finding

ALL = (*files.PROBES, *calls.PROBES, *network.PROBES, *limits.PROBES)


def main(words: list[str]) -> int:
    """Try, and write what was found."""
    if os.geteuid() == 0:
        sys.exit("This program attacks the machine it runs on: it is for a participant's sandbox, never for root.")
    facts = json.loads(Path(words[0]).read_text(encoding="utf-8"))
    wanted = set(words[2:])
    rows: list[dict[str, str]] = []
    for probe in ALL:
        if wanted and probe.__name__ not in wanted:
            continue
        try:
            found = probe(facts)
        except Exception as error:
            found = Finding("not tried", "", f"{type(error).__name__}: {error}")
        tried = (probe.__doc__ or probe.__name__).strip()
        rows.append({"probe": probe.__name__, "tried": tried, **found.as_dict()})
        _write(Path(words[1]), {"rows": rows, "done": False})
    _write(Path(words[1]), {"rows": rows, "done": True})
    return 0


def _write(path: Path, document: object) -> None:
    temporary = path.with_name(path.name + ".new")
    temporary.write_text(json.dumps(document), encoding="utf-8")
    temporary.replace(path)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
