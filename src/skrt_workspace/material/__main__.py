"""`python -m skrt_workspace.material`: material from a terminal in the home.

status            each placed file, and whether it is as it was placed, edited or deleted
original FILE     put the original of FILE back; an edited one is kept under a new name
update            look for new material now
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path

from skrt_workspace.material import news, original, place, status


def main(words: list[str] | None = None) -> int:
    """Run one command; returns its exit code."""
    arguments = _parser().parse_args(words)
    home = Path(os.environ.get("HOME", "/home/jovyan"))
    if arguments.command == "status":
        return _status(home, as_json=arguments.json)
    if arguments.command == "update":
        lines = news.describe(place.place_material(home))
        print("\n".join(lines) or "Everything is up to date.")
        return 0
    return _original(home, arguments.file)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="skrt-material", description="Examples and material in this home.")
    commands = parser.add_subparsers(dest="command", required=True)
    listing = commands.add_parser("status", help="say which placed files were edited or deleted")
    listing.add_argument("--json", action="store_true", help="print JSON")
    back = commands.add_parser("original", help="put the original of a file back, and keep yours under a new name")
    back.add_argument("file", type=Path)
    commands.add_parser("update", help="look for new material now")
    return parser


def _status(home: Path, *, as_json: bool) -> int:
    rows = status.survey(home)
    if as_json:
        print(json.dumps({row.path: row.state for row in rows}))
        return 0
    for row in rows:
        print(f"{row.state:<12} {row.path}")
    return 0


def _original(home: Path, file: Path) -> int:
    try:
        # The folder may be reached through a link; the file itself is never followed.
        path = (file.absolute().parent.resolve() / file.name).relative_to(home.resolve())
        restored = original.give_back(home, path.as_posix())
    except ValueError:
        print(f"{file} is not in this home.", file=sys.stderr)
        return 1
    except original.NoOriginalError as error:
        print(error, file=sys.stderr)
        return 1
    except OSError as error:
        print(f"{file} could not be given back: {error.strerror}.", file=sys.stderr)
        return 1
    print(f"{restored.path} is the original again." + (f" Yours is {restored.kept}." if restored.kept else ""))
    return 0


if __name__ == "__main__":
    sys.exit(main())
