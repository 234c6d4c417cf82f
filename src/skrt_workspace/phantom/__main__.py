"""Write the phantom: python -m skrt_workspace.phantom FOLDER."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from skrt_workspace.phantom import generate


def main() -> int:
    """Write the phantom to the folder named on the command line."""
    parser = argparse.ArgumentParser(prog="python -m skrt_workspace.phantom", description="Write the phantom.")
    parser.add_argument("folder", type=Path, help="a folder that does not exist yet, or is empty")
    folder = parser.parse_args().folder
    try:
        generate(folder)
    except OSError as error:
        print(f"The phantom was not written: {error}", file=sys.stderr)
        return 1
    print(f"The phantom is in {folder}.")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
