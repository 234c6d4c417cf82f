"""`skrt-hub data privacy`: What in a folder tells who the patients are."""

from __future__ import annotations

from pathlib import Path

import click

from skrt_hub.command_line.parameters import PATH
from skrt_hub.commands.session import Session
from skrt_hub.inspection.program import InspectionReport

HELP = "Say what in a folder tells who the patients are: headers, names of files, side files, notebooks."
PARAMETERS: tuple[click.Parameter, ...] = (
    click.Argument(["folder"], type=PATH, metavar="FOLDER", help="the folder to look through; nothing is changed"),
)


def run(session: Session, *, folder: Path) -> InspectionReport:
    """What was found, never its values; exit code 9 where something tells for certain."""
    return session.hub.survey_privacy(folder)
