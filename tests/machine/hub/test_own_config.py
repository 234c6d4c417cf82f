"""A hub with an organiser's own file for JupyterHub."""

from __future__ import annotations

import re
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.hubs import Hub

HOW_TO = Path(__file__).parents[3] / "docs" / "how-to" / "hub-config.md"
TOKEN = "a-token-of-my-own-for-this"
FILE = """
c.JupyterHub.services.append({"name": "mine", "api_token": "a-token-of-my-own-for-this"})
c.JupyterHub.load_roles.append({"name": "mine", "scopes": ["list:users"], "services": ["mine"]})
c.JupyterHub.spawner_class = "simple"
"""


def prometheus() -> str:
    """What the how-to says of Prometheus."""
    blocks: list[str] = re.findall(r"```python\n(.*?)```", HOW_TO.read_text(encoding="utf-8"), re.S)
    return next(block for block in blocks if "read:metrics" in block)


@pytest.mark.long
def test_an_own_file_is_loaded_and_the_hub_holds_together(make_hub: Callable[..., Hub]) -> None:
    hub = make_hub()
    file = hub.root / "extra.py"
    file.write_text("c.JupyterHub.services.append(", encoding="utf-8")
    hub.configure(hub_config="extra.py")
    assert "is no Python" in hub.run("up", code=3).stderr
    file.write_text(FILE, encoding="utf-8")
    assert "not checked here" in " ".join(hub.run("check", code=None).stdout.split())
    said = " ".join(hub.run("up").stdout.split())
    assert "hub_config is in use" in said and "JupyterHub.spawner_class" in said
    hub.at_work("anna")
    request = urllib.request.Request(f"{hub.url}hub/api/users", headers={"Authorization": f"token {TOKEN}"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        assert b"anna" in answer.read()
    metrics = f"{hub.url}hub/metrics"
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(metrics, timeout=30)
    assert refused.value.code == 403
    file.write_text(FILE + prometheus(), encoding="utf-8")
    hub.run("up")
    request = urllib.request.Request(metrics, headers={"Authorization": "Bearer 64-random-digits"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        assert b"jupyterhub_running_servers" in answer.read()
    file.write_text(f"{FILE}nothing_of_this_name\n", encoding="utf-8")
    assert "runs without hub_config" in " ".join(hub.run("up").stdout.split())
    assert "runs without hub_config" in " ".join(hub.run("status").stdout.split())
    hub.configure()
    hub.run("up")
    assert "hub_config" not in hub.run("status").stdout
