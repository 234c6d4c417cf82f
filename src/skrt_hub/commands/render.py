"""`skrt-hub render`: Print what would be sent to Kubernetes, without touching a cluster."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any

import click
from rich.console import RenderableType
from rich.text import Text
from ruamel.yaml import YAML

from skrt_hub.commands.session import Session
from skrt_hub.report import Report
from skrt_hub.targets.kubernetes import rendering
from skrt_hub.targets.kubernetes.cluster.connection import require_kubernetes

HELP = "Kubernetes: print the chart values made from hub.yaml, checked with the chart; no cluster is asked."
PARAMETERS: tuple[click.Parameter, ...] = (
    click.Option(["--manifests"], is_flag=True, help="print the objects that the chart makes from them"),
    click.Option(["--no-check"], is_flag=True, help="only render; neither Helm nor the chart is needed"),
)


@dataclass(frozen=True)
class Rendered(Report):
    """Chart values, or the manifests made from them."""

    values: dict[str, Any]
    manifests: str = ""

    def render(self) -> RenderableType:
        if self.manifests:
            return Text(self.manifests.rstrip())
        yaml = YAML()
        yaml.default_flow_style = False
        yaml.width = 110
        text = io.StringIO()
        yaml.dump(self.values, text)
        return Text(text.getvalue().rstrip())


def run(session: Session, *, manifests: bool, no_check: bool) -> Rendered:
    """Values by default, the chart's objects with --manifests; keys of certificates are left out of both."""
    require_kubernetes(session.context)
    values, objects = rendering.render(session.context, check=not no_check)
    return Rendered(values, objects if manifests else "")
