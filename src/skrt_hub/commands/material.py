"""`skrt-hub material`: Bring the organiser's material up to date, or say who has edited what of it."""

from __future__ import annotations

from contextlib import closing

import click

from skrt_hub.command_line.parameters import OneOf
from skrt_hub.commands.session import Session
from skrt_hub.homes.access import homes_of
from skrt_hub.material.overview import material_status, material_updated
from skrt_hub.material.published import fetch
from skrt_hub.report import Report

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


def run(session: Session, *, action: str) -> Report:
    """What there is, or what changed; exit code 1 when a source could not be had."""
    context = session.context
    if action == "status":
        with closing(homes_of(context)) as homes:
            return material_status(context.layout, homes, context.progress)
    states = fetch(context.settings, context.layout, context.progress, refresh=True, echo=context.echo)
    return material_updated(states, session.target.deliver())
