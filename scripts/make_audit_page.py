"""Writes docs/reference/audit.md from what `skrt-hub audit --json` said on hubs of each kind.

python scripts/make_audit_page.py ROOT.json USER.json [KUBERNETES.json [ENFORCED.json]] [CLOSED.json …]

An attempt is one row; each hub has a column, with the layer that refused it there. CLOSED.json is of a hub with
`internet: false`: what differs from the same hub without it has a table of its own.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

PAGE = Path(__file__).resolve().parent.parent / "docs" / "reference" / "audit.md"
HEAD = """<!-- Made by scripts/make_audit_page.py from what the command said. -->

# What `skrt-hub audit` tries

The command attacks the hub at hand: a participant is made for once, with a server and a home; a program tries the
following from a notebook and from a terminal of that server; then the hub is tried from outside, as a browser without
an account would. The participant is removed afterwards, with all that was theirs. What is told comes from attempts,
never from settings.

An attempt is *refused* (and by what), *reachable*, *not applicable* here, or *not tried* where the audit itself
failed. The command ends with 21 where anything was reachable or not tried. `--no-limits` leaves out what fills
memory, processes and files; that takes some minutes, and the throw-away server may be ended by it. Nobody else's is.
`--json` prints the same as JSON.

A layer that can be switched off alone has a test that does so and sees the attempt succeed: the filter of system calls,
the own file system, network and sockets, rights, sizes and numbers, the proxy's rules, the hub's answers. Where several
layers refuse the same, no single one can be shown: mounts, devices, programs for the kernel (bpf), counters of the
processor, processes of the machine and the first process. Of those the tests only see that they are refused.

The ordinary user's hub ran on a machine that leaves it no control group: there the hub's own watch ends what uses too
much memory, and the audit names the layer that is missing. Where systemd leaves it one (`make test-vm`), the kernel
refuses instead.
"""


def main() -> int:
    """Write the page from the files that are named."""
    reports = [json.loads(Path(name).read_text(encoding="utf-8")) for name in sys.argv[1:]]
    if not reports:
        sys.exit(__doc__)
    closed = [report for report in reports if _is_closed(report)]
    usual = [report for report in reports if not _is_closed(report)]
    lines = (*_table(usual), "", *_missing(usual), *(line for report in closed for line in _closed(report, usual)))
    PAGE.write_text(HEAD + "\n" + "\n".join(lines) + "\n", encoding="utf-8")
    return 0


def _title(report: dict[str, Any]) -> str:
    if report["target"] != "kubernetes":
        return f"run as {report['hub_runs_as']}"
    enforced = not any(layer.startswith("network policies") for layer in report["missing_layers"])
    return f"Kubernetes, policies {'enforced' if enforced else 'stored only'}"


def _is_closed(report: dict[str, Any]) -> bool:
    return any(row["probe"] == "internet" and row["outcome"] != "not applicable" for row in report["rows"])


def _closed(report: dict[str, Any], usual: list[dict[str, Any]]) -> list[str]:
    """What a hub with `internet: false` answered otherwise than the same hub without it."""
    title = _title(report)
    before = {row["probe"]: _cell(row) for one in usual if _title(one) == title for row in one["rows"]}
    other = [row for row in report["rows"] if _cell(row) != before.get(row["probe"])]
    lines = [f"| {row['tried']} | {before.get(row['probe'], 'left out')} | {_cell(row)} |" for row in other]
    same = len(report["rows"]) - len(other)
    return [
        "",
        f"With `limits.internet: false` ({title}) {same} of {len(report['rows'])} attempts ended as above. The others:",
        "",
        "| Tried | with the internet | with `internet: false` |",
        "|---|---|---|",
        *lines,
    ]


def _table(reports: list[dict[str, Any]]) -> list[str]:
    found = [{row["probe"]: row for row in report["rows"]} for report in reports]
    names = list(dict.fromkeys(name for rows in found for name in rows))
    lines = [f"| Tried | {' | '.join(map(_title, reports))} |", f"|---|{'---|' * len(reports)}"]
    for name in names:
        tried = next(rows[name]["tried"] for rows in found if name in rows)
        lines.append(f"| {tried} | {' | '.join(_cell(rows.get(name)) for rows in found)} |")
    return lines


def _cell(row: dict[str, Any] | None) -> str:
    if row is None:
        return "left out"
    if row["outcome"] == "refused":
        return f"refused: {row['layer']}".replace("|", "\\|")
    return f"**{row['outcome']}**: {row['why']}".replace("|", "\\|")


def _missing(reports: list[dict[str, Any]]) -> list[str]:
    lines = []
    for report in reports:
        words = report["missing_layers"] or ["none"]
        lines += [f"Layers that were missing there ({_title(report)}):", "", *(f"* {word}" for word in words), ""]
    return lines[:-1]


if __name__ == "__main__":
    sys.exit(main())
