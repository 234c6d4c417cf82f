"""The command skrt-hub, also as `python -m skrt_hub`."""

import json
import sys

from skrt_hub.errors import INTERRUPTED
from skrt_hub.version import FORMAT


def main() -> int:
    """Run one command; returns its exit code. Ctrl-C ends it in the same words while the program is still loading."""
    try:
        from skrt_hub.cli import main as run  # noqa: PLC0415 - takes long enough for a Ctrl-C
    except KeyboardInterrupt:
        words = "Interrupted."
        if "--json" in sys.argv:
            print(json.dumps({"format": FORMAT, "error": words, "why": "", "remedy": "", "exit_code": INTERRUPTED}))
        else:
            print(words, file=sys.stderr)
        return INTERRUPTED
    return run()


if __name__ == "__main__":
    sys.exit(main())
