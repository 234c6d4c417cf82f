"""`skrt-hub close`: Disable connections; servers, kernels and data stay as they are."""

from __future__ import annotations

import click

from skrt_hub.commands.session import Session
from skrt_hub.report import Message

HELP = "Disable connections; servers, kernels and data stay as they are."


PARAMETERS: tuple[click.Parameter, ...] = ()


def run(session: Session) -> Message:
    """What was closed."""
    return session.hub.close()
