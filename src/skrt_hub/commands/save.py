"""`skrt-hub save`: Save homes to a folder or to S3-compatible storage, while people work."""

from __future__ import annotations

import click

from skrt_hub.commands.session import Session
from skrt_hub.snapshots.reports import SaveReport

HELP = "Save homes to a folder or to S3-compatible storage, while people work; only what changed is copied."
PARAMETERS: tuple[click.Parameter, ...] = (
    click.Argument(["names"], nargs=-1, metavar="NAME", help="whose homes to save (default: everybody's)"),
    click.Option(["--to"], metavar="PLACE", help="a folder, or s3://bucket/folder (default: hub.yaml's saves.place)"),
)


def run(session: Session, *, names: tuple[str, ...], to: str | None) -> SaveReport:
    """What was saved, once it was read back."""
    return session.with_patients(lambda agreed: session.hub.save(names, to=to, patients_too=agreed))
