"""The supervisor's program, as the watchdog starts it: JupyterHub is begun first, and both import side by side."""

from __future__ import annotations

import argparse
import importlib
import os
import socket
import sys
from pathlib import Path

from skrt_hub.hub import ahead


def main() -> int:
    """The program: its exit code."""
    parser = argparse.ArgumentParser()
    parser.add_argument("root", type=Path)
    parser.add_argument("--channel", type=int)
    parser.add_argument("--foreground", action="store_true")
    given = parser.parse_args()
    channel = None
    if given.channel is not None:
        os.set_inheritable(given.channel, False)
        channel = socket.socket(fileno=given.channel)
    begun = ahead.begin(given.root)
    supervision = importlib.import_module("skrt_hub.targets.machine.supervision")
    code: int = supervision.run(given.root, channel, begun, foreground=given.foreground)
    return code


if __name__ == "__main__":
    sys.exit(main())
