"""`skrt-hub participants erase`: nothing that a hub keeps tells of the person then, and nobody else lost anything."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import zstandard

from skrt_hub.cli import main
from skrt_hub.errors import UnknownNameError
from skrt_hub.files import write_json
from skrt_hub.hub import identities
from skrt_hub.hub.accounts import accounts_of
from skrt_hub.hub.applied import Applied, Ports, write_applied
from skrt_hub.hub.names import Places
from skrt_hub.layout import Layout
from skrt_hub.login.accounts import Accounts
from skrt_hub.settings.model import Settings
from skrt_hub.settings.people import Listed
from skrt_hub.targets.kubernetes import erasing as on_kubernetes
from skrt_hub.targets.kubernetes.cluster.hub_pod import HubPod
from skrt_hub.targets.kubernetes.homes import participants as homes_there
from skrt_hub.targets.machine import control, participants

NAME = "annegret"
LIST = "login,name,email,group\nannegret,Annegret M,annegret@example.org,a\nbob,Bob,bob@example.org,a\n"


@pytest.fixture
def layout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Layout:
    """A hub whose every folder knows of two people; it runs, as far as commands are told."""
    monkeypatch.chdir(tmp_path)
    Path("list.csv").write_text(LIST)
    Path("hub.yaml").write_text(f"participants: list.csv\nsaves: {{place: {tmp_path / 'copies'}}}\n")
    made = Layout(tmp_path / "state")
    made.hub.mkdir(parents=True)
    (made.log / "servers").mkdir(parents=True)
    people = tuple(Listed(login=name, name=name.title(), email=f"{name}@example.org") for name in (NAME, "bob"))
    applied = Applied(Settings(participants=people), "1", Ports(8101, 8102, 8103), Path("environment"), root=False)
    write_applied(made, applied)
    participants.take_list(made, applied.settings)
    with sqlite3.connect(made.database) as database:
        database.execute("create table users (name)")
    for person in (NAME, "bob"):
        folder = Places(made.folders).ensure(person).folder
        accounts_of(made).set(person, "a long password")
        (made.home(folder) / "course").mkdir(parents=True)
        (made.home(folder) / "course" / "work.txt").write_text(f"{person}'s own work")
        (made.homes / f"removed-{folder}-2026-11-01-080000").mkdir()
        made.notices(folder).mkdir(parents=True)
        made.server_log(folder).write_text(f"{person} at work\n")
        (made.class_page / "collected" / folder).mkdir(parents=True)
        with sqlite3.connect(made.database) as database:
            database.execute("insert into users values (?)", (person * 50,))
    made.log.joinpath("hub.log").write_text(f"[I 2026-11-29 10:00:00 x] User logged in: {NAME}\n")
    write_json(made.cohorts, {"names": [NAME, "bob"]}, mode=0o600)
    identities.keep_copies(made)
    monkeypatch.setattr(control, "ask", lambda *_, **__: {"state": "running"})
    monkeypatch.setattr(participants, "_forget", forget_in_database)
    assert main(["save", "--state", str(made.root)]) == 0
    return made


def forget_in_database(layout: Layout, name: str) -> None:
    """As JupyterHub does it: the row goes, its bytes stay in the file."""
    with sqlite3.connect(layout.database) as database:
        database.execute("pragma secure_delete = off")  # as some systems have it
        database.execute("delete from users where name = ?", (name * 50,))


def traces(folder: Path, name: str) -> list[str]:
    """Where a name still stands, in names of files or in what is in them."""
    found = []
    for path in folder.rglob("*"):
        data = path.read_bytes() if path.is_file() else b""
        if path.suffix == ".zst":
            data += zstandard.ZstdDecompressor().stream_reader(data, read_across_frames=True).read()
        if name in path.name or name.encode() in data.lower():
            found.append(str(path.relative_to(folder)))
    return found


def test_no_trace_of_the_person_is_left_and_nobody_else_loses_anything(
    layout: Layout, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = len(traces(tmp_path, NAME))
    assert before > 15
    others = {path: path.stat().st_mtime_ns for path in layout.home("bob").rglob("*")}
    assert main(["participants", "erase", NAME, "--confirm", NAME, "--state", str(layout.root)]) == 0
    assert traces(tmp_path, NAME) == []
    assert {path: path.stat().st_mtime_ns for path in layout.home("bob").rglob("*")} == others
    assert "bob" in Accounts(layout.accounts).all()
    assert list(layout.identity_copies.glob("accounts.json.*")), "the others' accounts still have a copy"
    told = capsys.readouterr().out
    assert "collect --to" in told, "what it could not reach is named"
    assert "Taken off the list" in told
    code = main(["participants", "erase", NAME, "--confirm", NAME, "--state", str(layout.root)])
    assert code == UnknownNameError.exit_code


@pytest.mark.parametrize("confirm", [[], ["--confirm", "bob"]])
def test_nothing_goes_before_the_name_was_typed(
    layout: Layout, tmp_path: Path, confirm: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    before = traces(tmp_path, NAME)
    assert main(["participants", "erase", NAME, *confirm, "--state", str(layout.root)]) == 12
    told = capsys.readouterr()
    assert f"remove  the home of {NAME}" in told.out
    assert "Nothing was erased" in told.err
    assert traces(tmp_path, NAME) == before


def test_a_hub_that_does_not_run_is_asked_for(
    layout: Layout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before = traces(tmp_path, NAME)
    monkeypatch.setattr(control, "ask", lambda *_, **__: None)
    assert main(["participants", "erase", NAME, "--confirm", NAME, "--state", str(layout.root)]) != 0
    assert "skrt-hub start" in capsys.readouterr().err
    assert traces(tmp_path, NAME) == before


def test_a_place_of_copies_that_is_away_is_told_and_can_be_done_later(
    layout: Layout, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "copies").rename(tmp_path / "drive in a drawer")
    words = ["participants", "erase", NAME, "--confirm", NAME, "--state", str(layout.root)]
    assert main(words) == 17
    assert "NOT from all saved copies" in capsys.readouterr().err
    (tmp_path / "drive in a drawer").rename(tmp_path / "copies")
    assert main(words) == 0
    assert traces(tmp_path, NAME) == []


def test_on_kubernetes_volumes_account_database_and_its_copies_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def claim(volume: str, name: str) -> dict[str, Any]:
        return {"metadata": {"name": volume, "annotations": {"hub.jupyter.org/username": name}}}

    claims = [claim("v1", NAME), claim("v2", f"{NAME} (removed 2026-11-01 08:00:00)"), claim("v3", "bob"),
              claim("v4", f"{NAME}2")]  # fmt: skip
    done: list[tuple[Any, ...]] = []
    kubectl = SimpleNamespace(items=lambda *_: claims, run=lambda *words, **_: done.append(words))
    layout = Layout(tmp_path)
    (layout.kubernetes / "databases").mkdir(parents=True)
    (layout.kubernetes / "databases" / "jupyterhub-20260101-000000.sqlite").write_text(NAME)
    cluster: Any = SimpleNamespace(kubectl=kubectl, layout=layout)
    monkeypatch.setattr(homes_there, "everyone", lambda _: (SimpleNamespace(name=NAME),))
    for name in ("accounts", "stop_servers", "forget_user", "tidy_database"):
        monkeypatch.setattr(HubPod, name, lambda self, *given, name=name, **_: done.append((name, *given)))
    monkeypatch.setattr(on_kubernetes, "save_database", lambda _: done.append(("save_database",)))
    erased = on_kubernetes.erase(cluster, NAME)
    assert erased.found
    assert [one[:2] for one in done] == [
        ("accounts", "lock"), ("stop_servers", [NAME]), ("forget_user", NAME), ("delete", "persistentvolumeclaims"),
        ("accounts", "free"), ("tidy_database",), ("save_database",)]  # fmt: skip
    assert done[3][2:4] == ("v1", "v2")
    assert "v3" not in done[3]
    assert not list((layout.kubernetes / "databases").iterdir())
    assert any("reclaimPolicy" in line for line in erased.lines)
