"""`skrt-hub open`: Enable connections, and open the log-in page in the browser."""

from __future__ import annotations

import os
import webbrowser

import click

from skrt_hub.commands.session import Session
from skrt_hub.report import Message

HELP = "Enable connections, and open the log-in page in the browser."
PARAMETERS: tuple[click.Parameter, ...] = (
    click.Option(["--no-browser"], is_flag=True, help="only enable connections"),
)


def run(session: Session, *, no_browser: bool) -> Message:
    """The address; the browser is opened where there is a screen to show it on."""
    url = session.hub.open()
    has_screen = any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER"))
    opened = has_screen and not no_browser and webbrowser.open(url)
    return Message((f"Connections are enabled: {url}", *(() if opened else ("Open this address in a browser.",))))
