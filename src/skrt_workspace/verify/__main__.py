"""The command: python -m skrt_workspace.verify [--quick] [--json] [--only NAME]."""

from __future__ import annotations

import argparse
import json
import sys

from skrt_workspace.verify.result import Row
from skrt_workspace.verify.run import rows
from skrt_workspace.verify.steps import all_steps

DESCRIPTION = "Test that this environment works: libraries, registration engines, DICOM, viewers, kernels, notebooks."


def main(arguments: list[str] | None = None) -> int:
    """Run the steps and print a row for each; exit code 0 if none failed, 1 if one did, 2 for a wrong command line."""
    parser = argparse.ArgumentParser(prog="python -m skrt_workspace.verify", description=DESCRIPTION)
    parser.add_argument("--quick", action="store_true", help="without the notebooks and the slow registrations")
    parser.add_argument("--json", action="store_true", help="one JSON object on each line; the last is the summary")
    parser.add_argument("--only", action="append", metavar="NAME", help="only this step (may be given again)")
    options = parser.parse_args(arguments)
    known = all_steps()
    for name in options.only or []:
        if name not in {step.name for step in known}:
            parser.error(f"there is no step {name!r}; the steps are: {', '.join(step.name for step in known)}")
    steps = [step for step in known if not options.only or step.name in options.only]
    if options.quick:
        steps = [step for step in steps if step.quick]
    done = []
    for row in rows(steps):
        done.append(row)
        print(json.dumps({"row": row.as_dict()}) if options.json else _line(row), flush=True)
    failed = [row.name for row in done if row.verdict == "failed"]
    _summary(done, failed, as_json=options.json)
    return 1 if failed else 0


def _line(row: Row) -> str:
    return f"{row.verdict:8} {row.seconds:6.1f} s  {row.name:34} {row.detail}"


def _summary(done: list[Row], failed: list[str], as_json: bool) -> None:
    seconds = round(sum(row.seconds for row in done), 1)
    if as_json:
        print(json.dumps({"summary": {"steps": len(done), "failed": failed, "seconds": seconds}}), flush=True)
    elif failed:
        print(f"{len(failed)} of {len(done)} steps failed: {', '.join(failed)}. This took {seconds} s.")
    else:
        print(f"All {len(done)} steps went well. This took {seconds} s.")


if __name__ == "__main__":
    sys.exit(main())
