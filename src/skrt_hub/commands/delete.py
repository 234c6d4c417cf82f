"""`skrt-hub delete`: Remove the hub; homes stay unless asked for."""

from __future__ import annotations

import click

from skrt_hub.commands.session import Session
from skrt_hub.errors import RefusedError
from skrt_hub.report import Message, human_size
from skrt_hub.targets.protocol import DeleteOptions, Removal

HELP = "Remove the hub after showing exactly what goes; homes stay unless asked for."
PARAMETERS: tuple[click.Parameter, ...] = (
    click.Option(["--homes"], is_flag=True, help="remove the participants' homes too"),
    click.Option(["--no-copies"], is_flag=True, help="remove homes even where no saved copy of them exists"),
    click.Option(["--volumes"], is_flag=True, help="Kubernetes: remove the participants' volumes too"),
    click.Option(["--namespace"], is_flag=True, help="Kubernetes: remove the namespace too"),
    click.Option(["--cluster"], is_flag=True, help="minikube: remove the cluster too"),
    click.Option(["--confirm"], metavar="NAME", help="the hub's name, in place of the question"),
    click.Option(["--dry-run"], is_flag=True, help="show the plan, remove nothing"),
)


def run(
    session: Session,
    *,
    homes: bool,
    no_copies: bool,
    volumes: bool,
    namespace: bool,
    cluster: bool,
    confirm: str | None,
    dry_run: bool,
) -> Message:
    """The plan is shown first, then what stands in its way; it is done only when the hub's own name is typed."""
    options = DeleteOptions(homes=homes, copies=not no_copies, volumes=volumes, namespace=namespace, cluster=cluster)
    hub = session.hub
    for row in hub.delete_plan(options):
        session.show(_line(row))
    hub.ensure_no_loss(options)
    name = session.context.settings.name
    if dry_run:
        return Message(("This was a dry run; nothing was removed. Leave out --dry-run to remove it.",))
    typed = confirm or session.ask(f"Type the hub's name ({name}) to remove this: ")
    if typed != name:
        raise RefusedError(
            "Nothing was removed.",
            why=f"The name typed is not {name!r}." if typed else "The hub's name was not typed.",
            remedy=f"Run it again and type {name}, or use --confirm {name}.",
        )
    return session.target.delete(options)  # what may stand in its way was looked at above


def _line(row: Removal) -> str:
    size = f" ({human_size(row.size)})" if row.size is not None else ""
    why = f": {row.why}" if row.why else ""
    return f"{'remove' if row.removed else 'keep  '}  {row.what}{size}{why}"
