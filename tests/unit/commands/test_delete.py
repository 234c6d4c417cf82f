"""`skrt-hub delete`: a dry run shows the plan, removes nothing, and says what stands in the way."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from skrt_hub.cli import main
from skrt_hub.errors import RefusedError
from skrt_hub.layout import Layout
from skrt_hub.material.hand_out import withdraw
from skrt_hub.targets.kubernetes import delete
from skrt_hub.targets.protocol import DeleteOptions
from tests.support.homes import home, hub


def test_a_dry_run_removes_nothing_and_is_no_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    kept = tmp_path / "log" / "hub.log"
    kept.parent.mkdir()
    kept.write_text("a line")

    code = main(["delete", "--dry-run", "--state", str(tmp_path)])

    assert code == 0
    assert "remove  logs" in capsys.readouterr().out
    assert kept.read_text() == "a line"


def test_the_plan_is_shown_also_where_homes_without_a_copy_stand_in_the_way(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = home(hub(tmp_path, "anna"), "anna") / "work.txt"
    kept.write_text("all my work")

    for words in (["--dry-run"], ["--confirm", "skrt-hub"]):
        code = main(["delete", "--homes", *words, "--state", str(tmp_path)])

        assert code == 12
        told = capsys.readouterr()
        assert "remove  participants' homes" in told.out
        assert "anna: it was never saved" in told.err
        assert kept.read_text() == "all my work"


def test_nothing_that_a_hub_keeps_is_left_when_all_goes(tmp_path: Path) -> None:
    layout = Layout(tmp_path / "state")
    layout.homes.mkdir(parents=True)
    for name, kind in vars(Layout).items():
        path = getattr(layout, name) if isinstance(kind, property) else None
        if name == "kubernetes":  # of the other target
            continue
        if isinstance(path, Path) and path.is_relative_to(layout.root) and not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("x") if path.suffix else path.mkdir()

    assert main(["delete", "--homes", "--no-copies", "--confirm", "skrt-hub", "--state", str(layout.root)]) == 0
    assert not layout.root.exists()


def test_what_was_handed_out_stays_with_the_homes_and_can_be_taken_back(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home(hub(tmp_path, "anna"), "anna")
    layout = Layout(tmp_path)
    sheet, clone = layout.handed_out / "week-1" / "sheet.txt", layout.material / "clones" / "course"
    sheet.parent.mkdir(parents=True)
    sheet.write_text("a question")
    clone.mkdir(parents=True)
    assert main(["delete", "--confirm", "skrt-hub", "--state", str(tmp_path)]) == 0
    assert "keep    what was handed out" in capsys.readouterr().out
    assert sheet.exists() and not clone.exists()
    withdraw(layout, "week-1")
    assert not sheet.exists()


def test_on_kubernetes_the_plan_is_there_also_where_volumes_stand_in_the_way(monkeypatch: pytest.MonkeyPatch) -> None:
    annotations = {"hub.jupyter.org/username": "anna"}
    claim = {"metadata": {"name": "claim-anna", "annotations": annotations}, "spec": {}}
    facts: dict[str, Any] = {"kind": "kind", "release": "class", "namespace": "class", "context": "here", "helm": None}
    cluster: Any = SimpleNamespace(
        **facts,
        words="here",
        kubectl=SimpleNamespace(items=lambda kind: [claim]),
        require_record=lambda: None,
        require_same_cluster=lambda: None,
    )
    for name, answer in (("namespace_exists", True), ("read_release", None), ("foreign_objects", ())):
        monkeypatch.setattr(delete, name, lambda *words, answer=answer: answer)

    plan = delete.plan(cluster, DeleteOptions(namespace=True))

    assert [(row.what.split(":")[0], row.removed) for row in plan.rows()] == [
        ("home of anna", False),
        ("namespace class", True),
    ]
    with pytest.raises(RefusedError, match="the homes of 1 participants are in it"):
        delete.ensure_no_loss(plan)


def test_what_the_class_page_collected_on_this_machine_goes_with_a_hub_in_a_cluster(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    delete._forget(SimpleNamespace(layout=layout))  # type: ignore[arg-type]  # there is nothing of it
    for folder in (
        layout.results,
        layout.class_page / "collected" / "anna" / "week-1",
        layout.saves,
        layout.kubernetes,
    ):
        folder.mkdir(parents=True)
        (folder / "file").write_text("x", encoding="utf-8")
    delete._forget(SimpleNamespace(layout=layout))  # type: ignore[arg-type]
    assert {path.name for path in tmp_path.iterdir()} == {layout.saves.name, layout.kubernetes.name}
