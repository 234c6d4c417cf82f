"""`skrt-hub datasets fetch`: Bring sets of data here, for everybody to read."""

from __future__ import annotations

import click

from skrt_hub.commands.session import Session
from skrt_hub.datasets.report import SetsReport

HELP = "Fetch the sets of data that hub.yaml names, check them, and show them at /data; an interrupted fetch goes on."
PARAMETERS: tuple[click.Parameter, ...] = (
    click.Argument(["names"], nargs=-1, metavar="NAME", help="only these sets (default: all that are not here)"),
)


def run(session: Session, *, names: tuple[str, ...]) -> SetsReport:
    """Each set, with what was done. Files that tell who a patient is are asked about."""
    return session.with_patients(lambda patients_too: session.hub.fetch_datasets(names, patients_too=patients_too))
