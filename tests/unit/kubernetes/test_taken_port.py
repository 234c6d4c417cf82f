"""A taken port is told before anything is done."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from skrt_hub.context import Context
from skrt_hub.errors import PortTakenError
from skrt_hub.layout import Layout
from skrt_hub.progress import Silent
from skrt_hub.settings.model import Settings
from skrt_hub.targets.kubernetes import up


@pytest.mark.parametrize("access", ["port-forward", "load-balancer"])
def test_up_asks_for_the_port_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, access: str) -> None:
    class AskedForTheClusterError(Exception):
        pass

    def cluster(_: Context) -> None:
        raise AskedForTheClusterError

    monkeypatch.setattr("skrt_hub.targets.kubernetes.cluster.start_minikube.ensure_running", cluster)
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        way_in = {"access": access, "host": "hub.example.org"}
        document = {"target": "kubernetes", "port": other.getsockname()[1], "kubernetes": way_in}
        if access != "port-forward":
            document["tls"] = "class"
        context = Context(Settings.model_validate(document), Layout(tmp_path / "state"), Silent())
        with pytest.raises(PortTakenError if access == "port-forward" else AskedForTheClusterError):
            up.bring_up(context)
