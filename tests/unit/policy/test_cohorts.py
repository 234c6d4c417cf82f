"""What `cohort` in hub.yaml means, the same on both targets, and the desk where servers ask."""

from __future__ import annotations

import asyncio
import importlib.util
import sys
from pathlib import Path
from typing import Any

import pytest
from traitlets.config import Config

from skrt_hub.hub import cohort_desk
from skrt_hub.layout import Layout
from skrt_hub.policy import cohort_shares, cohorts
from skrt_hub.settings.model import Settings
from skrt_hub.targets.kubernetes.release import web
from skrt_hub.targets.machine import cohorts as restarted
from skrt_workspace.awake import VARIABLE, keeps_awake


def settings(**document: Any) -> Settings:
    return Settings.model_validate(document)


def test_a_processor_is_left_for_everybody_else() -> None:
    assert [cohorts.workers(settings(), processors) for processors in (1, 2, 8)] == [1, 1, 7]
    assert cohorts.workers(settings(cohort={"workers": {"most": 3}}), 8) == 3
    assert cohorts.workers(settings()) == 0  # a cluster's processors are not known


def test_one_person_has_no_more_than_the_largest_server() -> None:
    assert cohorts.each(settings(limits={"cpu": 1.5})) == 2
    sizes = [{"name": "small", "limits": {"cpu": 1}}, {"name": "large", "limits": {"cpu": 6}}]
    assert cohorts.each(settings(profiles=sizes)) == 6


def test_check_says_what_workers_mean_on_one_machine() -> None:
    assert cohorts.on_one_machine(settings(), 2) == ""
    told = cohorts.on_one_machine(settings(cohort={"workers": {"most": 6, "least": 1, "memory": "2 GB"}}), 2)
    assert told == (
        "at most 6 tasks of all people at a time, each in its owner's sandbox; least, memory mean something on "
        "Kubernetes only; more than this machine's 2 processors make nothing faster"
    )


def test_on_a_cluster_one_person_may_have_all_workers() -> None:
    assert cohorts.each(settings(target="kubernetes", cohort={"workers": {"most": 20}})) == 20
    assert cohorts.variables(settings(target="kubernetes", cohort={"workers": {"most": 20, "least": 1}})) == {
        VARIABLE: "86400",
        "SKRT_COHORT_ENGINE": "dask-gateway",
        "SKRT_COHORT_LEAST_WORKERS": "1",
    }


def test_a_cohort_counts_as_use_for_a_while() -> None:
    assert cohorts.variables(settings(cohort={"awake": "2 h"})) == {VARIABLE: "7200"}
    assert keeps_awake(7199, 7200)
    assert not keeps_awake(7200, 7200)
    assert not keeps_awake(0, 0)
    assert keeps_awake(10**9, None)


def test_the_clusters_hub_gets_the_same_rule(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, module in (("desk", cohort_desk), ("rule", cohort_shares)):
        # As the chart's hub has them: from their text alone, outside of their packages.
        spec = importlib.util.spec_from_file_location(name, str(module.__file__))
        assert spec is not None and spec.loader is not None
        loaded = importlib.util.module_from_spec(spec)
        monkeypatch.setitem(sys.modules, name, loaded)
        spec.loader.exec_module(loaded)
        text = Path(str(module.__file__)).read_text(encoding="utf-8")
        assert "skrt_hub import" not in text and "from skrt_" not in text
    c = Config()
    exec(web.cohort_program(settings(limits={"cpu": 2}), "desk", "rule"), {"c": c})
    ((path, handler),) = c.JupyterHub.extra_handlers.get_value([])
    assert path == "/api/cohort"
    assert handler.__name__ == "CohortHandler"


@pytest.mark.parametrize(
    ("body", "numbers"),
    [
        (b'{"running": 1, "waiting": 5}', (1, 5)),
        (b'{"running": 1}', None),
        (b'{"running": -1, "waiting": 5}', None),
        (b'{"running": true, "waiting": 5}', None),
        (b'{"running": 1e99, "waiting": 5}', None),
        (b'{"running": 99999999, "waiting": 5}', None),
        (b"[1, 2]", None),
        (b"", None),
        (b"[" * 900, None),
        (b'{"running": 1, "waiting": 5}' + b" " * 5000, (1, 5)),
    ],
)
def test_what_servers_ask_is_numbers(body: bytes, numbers: tuple[int, int] | None) -> None:
    assert cohort_desk._numbers(body) == numbers


def test_who_asks_is_kept_while_they_ask(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cohort_shares, "FORGOTTEN", 0.05)
    kept: list[list[str]] = []

    async def asking() -> None:
        desk = cohort_desk.Desk(cohort_shares, workers=2, each=2, keep=kept.append)
        assert desk.ask("anna", 0, 5) == 2
        assert desk.ask("bob", 0, 5) == 0
        assert desk.ask("anna", 1, 4) == 1
        await asyncio.sleep(0.2)

    asyncio.run(asking())
    assert kept[:2] == [["anna"], ["anna", "bob"]]
    assert kept[-1] == []


def test_a_disk_that_is_full_costs_nobody_their_share() -> None:
    def full(_: list[str]) -> None:
        raise OSError(28, "No space left on device")

    async def asking() -> int:
        return cohort_desk.Desk(cohort_shares, workers=2, each=2, keep=full).ask("anna", 0, 5)

    assert asyncio.run(asking()) == 2


@pytest.mark.parametrize("text", ["", "[]", '{"names": 5}', '{"names": [1, null]}', "{", '{"other": []}'])
def test_a_damaged_note_starts_nobody(tmp_path: Path, text: str) -> None:
    layout = Layout(tmp_path)
    assert restarted.noted(layout) == []
    layout.hub.mkdir()
    layout.cohorts.write_text(text)
    assert restarted.noted(layout) == []
    layout.cohorts.write_text('{"names": ["anna", 3]}')
    assert restarted.noted(layout) == ["anna"]
