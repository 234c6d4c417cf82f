"""`skrt-hub open`: Enable connections, and open the log-in page in the browser."""

from __future__ import annotations

import argparse
import os
import webbrowser

from skrt_hub.commands.session import Session
from skrt_hub.report import Message, Report

HELP = "Enable connections, and open the log-in page in the browser."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """--no-browser."""
    parser.add_argument("--no-browser", action="store_true", help="only enable connections")


def run(session: Session) -> Report:
    """The address; the browser is opened where there is a screen to show it on."""
    url = session.target.open()
    has_screen = any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER"))
    opened = has_screen and not session.arguments.no_browser and webbrowser.open(url)
    return Message((f"Connections are enabled: {url}", *(() if opened else ("Open this address in a browser.",))))
