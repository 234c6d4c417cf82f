"""`skrt-hub bundle make`: One file with all that a hub takes, for a machine or a cluster without a network."""

from __future__ import annotations

from pathlib import Path

import click

from skrt_hub.command_line.parameters import PATH, OneOf
from skrt_hub.commands.session import Session
from skrt_hub.environment.bundled import PROCESSORS
from skrt_hub.report import Message

HELP = "Write one file with all that this hub takes, for a machine or a cluster without a network."
PARAMETERS: tuple[click.Parameter, ...] = (
    click.Argument(["file"], type=PATH, metavar="FILE", help="the file to write, such as hub.bundle"),
    click.Option(
        ["--kubernetes"],
        metavar="VERSION",
        default="",
        help="for a cluster: its Kubernetes, such as 1.34, where kubectl reaches another one or none",
    ),
    click.Option(
        ["--platform"],
        type=OneOf(tuple(PROCESSORS)),
        metavar="|".join(PROCESSORS),
        help="for one machine: its type of processor, where it is another than this machine's",
    ),
)


def run(session: Session, *, file: Path, kubernetes: str, platform: str | None) -> Message:
    """Its size and its hash; the size is told before anything is fetched."""
    return session.hub.make_bundle(file, kubernetes=kubernetes, platform=platform or "")
