"""`skrt-hub delete`: Remove the hub; homes stay unless asked for."""

from __future__ import annotations

import argparse

from skrt_hub.commands.session import Session
from skrt_hub.errors import RefusedError
from skrt_hub.report import Message, Report, human_size
from skrt_hub.targets import DeleteOptions, Removal

HELP = "Remove the hub after showing exactly what goes; homes stay unless asked for."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What to remove beyond the hub itself, and how to confirm."""
    parser.add_argument("--homes", action="store_true", help="remove the participants' homes too")
    parser.add_argument("--no-copies", action="store_true", help="remove homes even where no saved copy of them exists")
    parser.add_argument("--volumes", action="store_true", help="Kubernetes: remove the participants' volumes too")
    parser.add_argument("--namespace", action="store_true", help="Kubernetes: remove the namespace too")
    parser.add_argument("--cluster", action="store_true", help="minikube: remove the cluster too")
    parser.add_argument("--confirm", metavar="NAME", help="the hub's name, in place of the question")
    parser.add_argument("--dry-run", action="store_true", help="show the plan, remove nothing")


def run(session: Session) -> Report:
    """The plan is shown first, then what stands in its way; it is done only when the hub's own name is typed."""
    arguments = session.arguments
    options = DeleteOptions(
        homes=arguments.homes,
        copies=not arguments.no_copies,
        volumes=arguments.volumes,
        namespace=arguments.namespace,
        cluster=arguments.cluster,
    )
    target = session.target
    for row in target.delete_plan(options):
        session.show(_line(row))
    target.ensure_no_loss(options)
    name = session.context.settings.name
    if arguments.dry_run:
        return Message(("This was a dry run; nothing was removed. Leave out --dry-run to remove it.",))
    typed = arguments.confirm or session.ask(f"Type the hub's name ({name}) to remove this: ")
    if typed != name:
        raise RefusedError(
            "Nothing was removed.",
            why=f"The name typed is not {name!r}." if typed else "The hub's name was not typed.",
            remedy=f"Run it again and type {name}, or use --confirm {name}.",
        )
    return target.delete(options)


def _line(row: Removal) -> str:
    size = f" ({human_size(row.size)})" if row.size is not None else ""
    why = f": {row.why}" if row.why else ""
    return f"{'remove' if row.removed else 'keep  '}  {row.what}{size}{why}"
