"""`skrt-hub data check`: What is in a folder of images, and what scikit-rt would get wrong there."""

from __future__ import annotations

from pathlib import Path

import click

from skrt_hub.command_line.parameters import PATH
from skrt_hub.commands.session import Session
from skrt_hub.inspection.program import InspectionReport

HELP = "Say what is in a folder of images, and what scikit-rt would get wrong there without a word."
PARAMETERS: tuple[click.Parameter, ...] = (
    click.Argument(["folder"], type=PATH, metavar="FOLDER", help="a folder with DICOM or NIfTI files"),
)


def run(session: Session, *, folder: Path) -> InspectionReport:
    """The folder's series and findings; exit code 9 where there are any."""
    return session.hub.check_data(folder)
