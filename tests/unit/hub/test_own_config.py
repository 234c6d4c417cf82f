"""The organiser's own file for JupyterHub: what it may do, what stays, and what is said."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from traitlets.config import Config

from skrt_hub.errors import SettingsError
from skrt_hub.hub import own_config
from skrt_hub.layout import Layout
from skrt_hub.policy import own_config as rule
from skrt_hub.settings.model import Settings
from skrt_hub.targets import institution
from skrt_hub.targets.kubernetes.release.values import Facts, render_values


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    made = Layout(tmp_path)
    made.hub.mkdir()
    return made


def hubs_own() -> Any:
    c = Config()
    c.JupyterHub.services = [{"name": "culler"}]
    c.JupyterHub.spawner_class = Path
    c.JupyterHub.tornado_settings = {"slow_spawn_timeout": 3, "cookie_options": {"samesite": "Lax"}}
    c.JupyterHub.authenticator_class = Path
    c.AccountsAuthenticator.has_home = lambda name: False
    return c


def loaded(text: str, layout: Layout) -> tuple[Any, tuple[str, ...]]:
    c = hubs_own()
    own_config.load(c, text, "/x/extra.py", layout)
    return c, own_config.notes(layout, "/x/extra.py")


def test_it_adds_and_sets_what_is_free(layout: Layout) -> None:
    text = (
        "c.JupyterHub.services.append({'name': 'mine'})\nc.JupyterHub.authenticator_class = 'dummy'\n"
        "c.MyAuthenticator.word = 1\nc.JupyterHub.tornado_settings['headers'] = {}\nget_config().Spawner.mem = 2\n"
    )
    c, (said,) = loaded(text, layout)
    assert [service["name"] for service in c.JupyterHub.services] == ["culler", "mine"]
    assert (c.JupyterHub.authenticator_class, c.MyAuthenticator.word, c.Spawner.mem) == ("dummy", 1, 2)
    assert "headers" in c.JupyterHub.tornado_settings
    assert "is in use" in said and "Left out" not in said


def test_what_holds_the_hub_together_stays_and_is_said(layout: Layout) -> None:
    text = (
        "c.JupyterHub.services = [{'name': 'mine'}]\nc.JupyterHub.spawner_class = 'simple'\n"
        "c.JupyterHub.tornado_settings = {'cookie_options': {'samesite': 'None'}, 'mine': 1}\n"
        "c.AccountsAuthenticator.has_home = None\n"
    )
    c, (said,) = loaded(text, layout)
    assert [service["name"] for service in c.JupyterHub.services] == ["culler", "mine"]
    assert c.JupyterHub.spawner_class is Path
    assert c.JupyterHub.tornado_settings == {**hubs_own().JupyterHub.tornado_settings, "mine": 1}
    assert callable(c.AccountsAuthenticator.has_home)
    assert all(name in said for name in ("spawner_class", "tornado_settings", "has_home", "JupyterHub.services"))


@pytest.mark.parametrize("last", ["1 / 0", "raise SystemExit(3)", "nothing_of_this_name", "import a.module.of.nobody"])
def test_one_that_fails_costs_nobody_the_hub(layout: Layout, last: str) -> None:
    c, (said,) = loaded(
        f"c.JupyterHub.services.append(1)\nc.JupyterHub.authenticator_class = 'dummy'\n{last}\n", layout
    )
    assert c.JupyterHub.services == [{"name": "culler"}]
    assert c.JupyterHub.authenticator_class is Path
    assert "runs without" in said and "line 3" in said


@pytest.mark.parametrize(
    ("text", "mode", "words"),
    [
        (None, 0, "cannot be read"),
        ("c.x =", 0o600, "is no Python"),
        ("\0", 0o600, "hub_config"),
        ("x = 1", 0o664, "go-w"),
    ],
)
def test_one_that_cannot_be_used_is_refused_in_words(tmp_path: Path, text: str | None, mode: int, words: str) -> None:
    file = tmp_path / "extra.py"
    if text is not None:
        file.write_text(text)
        file.chmod(mode)
    settings = Settings.model_validate({"hub_config": str(file)})
    with pytest.raises(SettingsError) as caught:
        rule.read(settings)
    assert words in f"{caught.value.what} {caught.value.why} {caught.value.remedy}"
    (finding,) = institution.own_config_findings(settings)
    assert not finding.ok and finding.remedy


def test_the_same_file_goes_to_the_chart_last(tmp_path: Path) -> None:
    facts = Facts("image:1", True, None, {}, "", "", "1", own_config="c.X.y = 1\n")
    parts = render_values(Settings.model_validate({"target": "kubernetes"}), facts)["hub"]["extraConfig"]
    assert max(parts) == "90-hub-config" and parts["90-hub-config"] == "c.X.y = 1\n"
    assert institution.own_config_findings(Settings()) == ()
