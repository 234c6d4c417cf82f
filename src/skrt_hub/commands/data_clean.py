"""`skrt-hub data clean`: A de-identified copy of a folder's DICOM files."""

from __future__ import annotations

from pathlib import Path

import click

from skrt_hub.command_line.parameters import PATH
from skrt_hub.commands.session import Session
from skrt_hub.inspection.program import InspectionReport

HELP = "Write a copy of a folder's DICOM files without what tells who the patients are."
PARAMETERS: tuple[click.Parameter, ...] = (
    click.Argument(["folder"], type=PATH, metavar="FOLDER", help="the folder to copy; it is not changed"),
    click.Option(["--to"], type=PATH, required=True, metavar="NEW", help="a new or empty folder"),
)


def run(session: Session, *, folder: Path, to: Path) -> InspectionReport:
    """What was written, and which files were left out and why."""
    return session.hub.clean_data(folder, to=to)
