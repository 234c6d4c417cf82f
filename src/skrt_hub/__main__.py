"""The command skrt-hub, also as `python -m skrt_hub`."""

import json
import sys

from skrt_hub.errors import INTERRUPTED, INTERRUPTED_WORDS
from skrt_hub.version import FORMAT


def main() -> int:
    """Run one command; returns its exit code. Ctrl-C while the program is still loading is told, too, and no traceback.

    What usually prints (skrt_hub.terminal) is not loaded then, so this is the one place beside skrt_hub.cli that does.
    """
    try:
        from skrt_hub.cli import main as run  # noqa: PLC0415 - takes long enough for a Ctrl-C
    except KeyboardInterrupt:
        if "--json" in sys.argv:
            told = {"error": INTERRUPTED_WORDS, "why": "", "remedy": "", "exit_code": INTERRUPTED}
            print(json.dumps({"format": FORMAT, **told}))
        else:
            print(INTERRUPTED_WORDS, file=sys.stderr)
        return INTERRUPTED
    return run()


if __name__ == "__main__":
    sys.exit(main())
