"""`skrt-hub material`: Bring the organiser's material up to date, or say who has edited what of it."""

from __future__ import annotations

import click

from skrt_hub.command_line.parameters import OneOf
from skrt_hub.commands.session import Session
from skrt_hub.material.overview import StatusReport, UpdateReport

HELP = "Bring the organiser's material up to date in all homes, or say who has edited what of it."
PARAMETERS: tuple[click.Parameter, ...] = (
    click.Argument(
        ["action"],
        type=OneOf(("update", "status")),
        default="status",
        help="update: fetch all sources again; running servers take the new version within seconds. "
        "status (the default): whose files are edited, deleted, or behind",
    ),
)


def run(session: Session, *, action: str) -> StatusReport | UpdateReport:
    """What there is, or what changed; exit code 1 when a source could not be had."""
    return session.hub.material() if action == "status" else session.hub.update_material()
