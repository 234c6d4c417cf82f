"""A class that arrives together, by scripted participants on a real hub: all arrive, and nothing is left of them."""

from __future__ import annotations

import gzip
import json
import re
import urllib.error
import urllib.request
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.hubs import Hub


@pytest.mark.long
def test_three_arrive_and_leave_no_trace(shared: Hub, tmp_path: Path) -> None:
    report = json.loads(shared.run("bench", "--people", "3", "--json", "--out", str(tmp_path)).stdout)
    (system,) = report["systems"]
    assert system["failures"] == []
    assert len(system["arrivals"]["slice"]) == 3
    assert list(system["alone"]) == ["log-in page", "logged in", "server", "lab page", "kernel", "import", "slice"]
    assert system["alone"]["slice"] > system["alone"]["kernel"] > 0
    assert 5e6 < system["memory_each"] < 1e9
    ET.parse(tmp_path / "bench.svg")

    assert not [server for server in shared.status()["servers"] if server["name"].startswith("bench-")]
    left = list(shared.state.rglob("*bench-*"))
    assert left == []
    for table in ("hub/accounts.json", "hub/folders.json"):
        assert "bench-" not in (shared.state / table).read_text()


@pytest.mark.long
def test_one_too_many_is_told_how_many_seats_there_are(make_hub: Callable[..., Hub]) -> None:
    hub = make_hub(limits={"servers": 1})
    hub.run("up")
    hub.person("first").log_in()
    done = hub.run("bench", "--people", "1", code=13)
    assert "seats 1" in " ".join(done.stderr.split())
    assert [server["name"] for server in hub.status()["servers"]] == ["first"]


def test_pages_files_come_compressed_and_for_keeps(shared: Hub) -> None:
    log_in = urllib.request.urlopen(f"{shared.url}hub/login", timeout=30).read().decode()
    own = re.findall(r'"/(hub/log-in[^"]+)"', log_in)
    assert len(own) == 2
    for path in own:
        with urllib.request.urlopen(shared.url + path, timeout=30) as answer:
            assert "immutable" in answer.headers["Cache-Control"]
    anna = shared.person("asset-anna")
    anna.log_in()
    _, _, home = anna.get("hub/home")
    style = re.findall(r'"/(hub/static/css/style[^"]+)"', home)[0].replace("&amp;", "&")
    request = urllib.request.Request(shared.url + style, headers={"Accept-Encoding": "gzip"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        assert answer.headers["Content-Encoding"] == "gzip"
        assert "immutable" in answer.headers["Cache-Control"]
        assert b"{" in gzip.decompress(answer.read())


def test_a_file_that_only_the_participants_server_has_is_asked_of_it(shared: Hub) -> None:
    anna = shared.at_work("asset-anna")
    status, where, _ = anna.get("user/asset-anna/static/lab/none-such.js")
    assert status == 404
    assert "own=1" in where


@pytest.mark.parametrize("path", ["hub/static/../secrets/cookie", "hub/static/%2e%2e/%2e%2e/secrets/cookie"])
def test_no_other_file_is_sent(shared: Hub, path: str) -> None:
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(shared.url + path, timeout=30)
    assert refused.value.code in (400, 403, 404)


@pytest.mark.long
def test_a_rehearsal_says_how_many_fit_in_the_words_of_hub_yaml(make_hub: Callable[..., Hub], tmp_path: Path) -> None:
    notebook = tmp_path / "lesson.ipynb"
    cells = [{"cell_type": "code", "source": "numbers = list(range(1000))\nprint(sum(numbers))"}]
    notebook.write_text(json.dumps({"cells": cells, "nbformat": 4, "nbformat_minor": 5, "metadata": {}}))
    hub = make_hub()
    report = json.loads(hub.run("rehearse", "--notebook", str(notebook), "--people", "2", "--json").stdout)
    assert [step["people"] for step in report["steps"]] == [1, 2]
    assert report["seats"]["people"] >= 1
    assert not any(step["failures"] for step in report["steps"])
    assert hub.status()["state"] == "absent"  # it was done on a temporary hub


@pytest.mark.long
def test_a_notebook_that_fails_by_itself_is_named(make_hub: Callable[..., Hub], tmp_path: Path) -> None:
    notebook = tmp_path / "broken.ipynb"
    notebook.write_text(json.dumps({"cells": [{"cell_type": "code", "source": "import no_such_module"}]}))
    done = make_hub().run("rehearse", "--notebook", str(notebook), "--people", "1", code=13)
    assert "no_such_module" in done.stderr
    assert "code cell 1" in done.stderr


@pytest.mark.long
def test_as_many_as_there_are_seats_all_arrive_at_once(make_hub: Callable[..., Hub]) -> None:
    hub = make_hub(limits={"servers": 8})  # bench needs two more than it lets in at once
    hub.run("up")
    report = json.loads(hub.run("bench", "--people", "6", "--json").stdout)
    assert report["systems"][0]["failures"] == []
