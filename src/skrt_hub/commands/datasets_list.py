"""`skrt-hub datasets list`: The sets of data, where they are, and how they are to be cited."""

from __future__ import annotations

import click

from skrt_hub.commands.session import Session
from skrt_hub.datasets.report import SetsReport

HELP = "List the sets of data that hub.yaml names: what is here, its licence, and how to cite it."
PARAMETERS: tuple[click.Parameter, ...] = (
    click.Option(["--known"], is_flag=True, help="list the sets that hub.yaml may name"),
)


def run(session: Session, *, known: bool) -> SetsReport:
    """Each set, with its state."""
    return session.hub.known_datasets() if known else session.hub.datasets()
