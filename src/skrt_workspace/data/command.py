"""The command `skrt-check`: what is in a folder of images, and what scikit-rt would get wrong there."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence

from skrt_workspace.data import UnusableDataError, check

FINDINGS, UNUSABLE = 1, 2


def main(words: Sequence[str] | None = None) -> int:
    """Run the command; 0 where nothing goes wrong, 1 where something does, 2 where there is nothing to look at."""
    parser = argparse.ArgumentParser(
        prog="skrt-check",
        description="Say what is in a folder of DICOM or NIfTI files, and what scikit-rt would get wrong there.",
        epilog="Ends with 0 where nothing goes wrong, with 1 where something does, with 2 where nothing is there.",
    )
    parser.add_argument("folder", metavar="FOLDER", help="a folder, or one file")
    parser.add_argument("--json", action="store_true", help="print JSON")
    given = parser.parse_args(words)
    try:
        report = check(given.folder)
    except UnusableDataError as error:
        print(json.dumps({"error": str(error)}) if given.json else f"skrt-check: {error}", file=sys.stderr)
        return UNUSABLE
    text = json.dumps(report.as_json(), indent=2) if given.json else str(report)
    # What stands in files may hold anything, such as codes that steer a terminal.
    sys.stdout.write("".join(mark if mark.isprintable() or mark == "\n" else "?" for mark in text) + "\n")
    return FINDINGS if report.findings else 0
