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
from skrt_hub.targets.kubernetes.in_hub import admin
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
    own_config.load(c, text, "/x/extra.py", layout.own_config)
    assert layout.own_config.stat().st_mode & 0o077 == 0
    return c, rule.notes(admin.own_config(str(layout.own_config)))


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


@pytest.mark.parametrize(
    ("text", "whole", "words"),
    [
        ("c.JupyterHub.extra_handlers.append(2)", [1, 2], "is in use"),
        ("c.JupyterHub.extra_handlers = [2]", [1, 2], "JupyterHub.extra_handlers"),
        ("c.JupyterHub.extra_handlers = 2", [1], "JupyterHub.extra_handlers"),
        ("del c.JupyterHub['extra_handlers']", [1], "JupyterHub.extra_handlers"),
        ("c.JupyterHub.log_format = ''", [1], "is in use"),
    ],
)
def test_what_is_only_added_to_later_stays_too(layout: Layout, text: str, whole: list[int], words: str) -> None:
    c = Config()
    c.JupyterHub.extra_handlers.extend([1])  # as on Kubernetes: the chart may have set it before, or not
    own_config.load(c, text, "/x/extra.py", layout.own_config)
    found = c.JupyterHub.extra_handlers
    assert (found if isinstance(found, list) else found.get_value([])) == whole
    (said,) = rule.notes(admin.own_config(str(layout.own_config)))
    assert words in said
    assert ("Left out" in said) == ("extra_handlers" in words)


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


def test_without_a_file_nothing_is_said(layout: Layout) -> None:
    loaded("1 / 0", layout)
    own_config.load(hubs_own(), "", "None", layout.own_config)
    assert rule.notes(admin.own_config(str(layout.own_config))) == ()
    assert rule.notes(["not", "a", "note"]) == ()
    assert institution.own_config_findings(Settings()) == ()


def test_on_kubernetes_it_is_loaded_last_by_the_same_rule(tmp_path: Path) -> None:
    loader = Path(own_config.__file__).read_text(encoding="utf-8")
    facts = Facts("image:1", True, None, {}, "", "", "1", own_config="c.X.y = 1\n", own_config_loader=loader)
    settings = Settings.model_validate({"target": "kubernetes", "hub_config": str(tmp_path / "extra.py")})
    hub = render_values(settings, facts)["hub"]
    parts = hub["extraConfig"]
    assert max(parts) == "90-hub-config"
    assert repr("c.X.y = 1\n") in parts["90-hub-config"] and "extra.py" in parts["90-hub-config"]
    mounted = hub["extraFiles"]["skrt-hub-own-config"]
    assert mounted["stringData"] == loader and mounted["mountPath"].endswith("/skrt_hub_own_config.py")
    assert "skrt_" not in loader.partition('"""')[2].partition('"""')[2], "in the chart's hub there is nothing of ours"
