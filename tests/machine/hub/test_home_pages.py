"""Homes on a real hub: what participants see of material and of a full home, and a class deleted and brought back."""

import contextlib
import io
import json
import os
import shutil
import subprocess
import time
import urllib.error
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.support.homes import odd
from tests.support.hubs import Hub, Refused

from .test_browser import Visitor

MADE = {"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}


def write(folder: Path, name: str, words: str) -> None:
    cell = {"cell_type": "markdown", "id": "a", "metadata": {}, "source": words}
    (folder / name).write_text(json.dumps({**MADE, "cells": [cell]}))


@pytest.fixture
def course(tmp_path: Path) -> Path:
    folder = tmp_path / "course"
    folder.mkdir()
    write(folder, "exercise.ipynb", "Exercise")
    return folder


def home(hub: Hub, name: str) -> Path:
    return hub.state / "homes" / name


def wait_for_notices(visitor: Visitor, *words: str) -> None:
    """Wait until the server has one notice with each of these words, and no other."""
    deadline = time.monotonic() + 60
    while True:
        texts = [notice["text"] for notice in visitor.api("skrt/notices")["notices"]]
        if len(texts) == len(words) and all(word in text for word, text in zip(words, texts, strict=True)):
            return
        assert time.monotonic() < deadline, texts
        time.sleep(0.5)


@pytest.mark.long
def test_news_the_original_and_everything(
    make_hub: Callable[..., Hub], browser: Browser, course: Path, tmp_path: Path
) -> None:
    hub = make_hub(material=[{"folder": str(course)}])
    hub.run("up")
    anna = Visitor(browser, hub, "anna")
    anna.submit_log_in()
    anna.wait_for_lab()
    page = anna.page
    page.wait_for_selector('.jp-DirListing-item:has-text("course")')
    write(home(hub, "anna") / "course", "exercise.ipynb", "My answers")
    write(course, "exercise.ipynb", "Exercise, corrected")
    write(course, "second.ipynb", "Second exercise")
    hub.run("material", "update")
    page.wait_for_selector(".Toastify__toast:has-text('beside files you have changed')")
    write(course, "third.ipynb", "Third exercise")
    hub.run("material", "update")
    wait_for_notices(anna, "second.ipynb, course/third.ipynb")
    time.sleep(3)
    assert page.locator(".Toastify__toast").count() == 1, "the newer one takes the place of the one before"
    page.reload()
    anna.wait_for_lab()
    page.wait_for_selector(".Toastify__toast:has-text('beside files you have changed')")
    assert page.locator(".Toastify__toast").count() == 1
    page.click(".Toastify__toast >> text=Show all")
    page.wait_for_selector(".jp-Dialog:has-text('course/third.ipynb')")
    page.wait_for_selector(".jp-Dialog:has-text('exercise (new version).ipynb')")
    anna.picture("news")
    page.click(".jp-Dialog .jp-mod-accept")
    wait_for_notices(anna)
    write(course, "third.ipynb", "Third exercise, corrected")
    hub.run("material", "update")
    page.click(".Toastify__toast:has-text('files you have not changed: course/third.ipynb') >> text=OK")
    wait_for_notices(anna)
    assert "My answers" in (home(hub, "anna") / "course/exercise.ipynb").read_text()
    assert "corrected" in (home(hub, "anna") / "course/exercise (new version).ipynb").read_text()

    page.dblclick('.jp-DirListing-item:has-text("course")')
    page.click('.jp-DirListing-item:has-text("exercise.ipynb")', button="right")
    page.click(".lm-Menu-itemLabel:has-text('Get the Original Back')")
    page.wait_for_selector(".Toastify__toast:has-text('is the original again')")
    anna.picture("original")
    assert "corrected" in (home(hub, "anna") / "course/exercise.ipynb").read_text()
    assert "My answers" in (home(hub, "anna") / "course/exercise (mine).ipynb").read_text()

    page.click(".lm-MenuBar-itemLabel:has-text('File')")
    with page.expect_download() as waiting:
        page.click(".lm-Menu-itemLabel:has-text('Download Everything')")
    with zipfile.ZipFile(waiting.value.path()) as archive:
        assert archive.testzip() is None
        assert b"My answers" in archive.read("course/exercise (mine).ipynb")
        assert not any(name.startswith(".") for name in archive.namelist())
    rows = {row["name"]: row for row in json.loads(hub.run("material", "status", "--json").stdout)["homes"]}
    assert rows["anna"]["missing"] == []


@pytest.mark.long
def test_only_the_page_itself_may_ask_for_files(make_hub: Callable[..., Hub]) -> None:
    hub = make_hub()
    hub.run("up")
    anna = hub.at_work("anna")
    assert anna.api("GET", "skrt/notices")["notices"] == []
    for path in ("../../etc/passwd", "/etc/passwd", "examples"):
        with pytest.raises(urllib.error.HTTPError) as refusal:
            anna.api("POST", "skrt/original", {"path": path})
        assert refusal.value.code == 409
    bob = hub.at_work("bob")
    status, address, _ = bob.get("user/anna/skrt/everything")
    assert status in (403, 404) or "/hub/" in address
    anna.cookies.clear()
    status, address, _ = anna.get("user/anna/skrt/everything")
    assert "login" in address or status == 403


@pytest.mark.long
def test_a_full_home_gets_its_server_and_can_be_emptied(make_hub: Callable[..., Hub]) -> None:
    hub = make_hub()
    hub.run("up")
    with hub.little_home("anna", "1M") as folder:
        (folder / "work.txt").write_text("work")
        with (folder / "large.bin").open("wb", buffering=0) as stream, contextlib.suppress(OSError):
            while True:
                stream.write(bytes(4096))
        assert shutil.disk_usage(folder).free < 4096
        for path in folder.iterdir():
            os.chown(path, folder.stat().st_uid, folder.stat().st_gid)
        hub.run("start")
        anna = hub.at_work("anna")
        (notice,) = anna.api("GET", "skrt/notices")["notices"]
        assert "Your home is full" in notice["text"]
        anna.api("DELETE", "api/contents/large.bin")
        assert not (folder / "large.bin").exists()
        anna.api("PUT", "api/contents/new.txt", {"type": "file", "format": "text", "content": "new"})
        assert (folder / "new.txt").read_text() == "new"
        assert (folder / "work.txt").read_text() == "work"


@pytest.mark.long
def test_a_class_is_deleted_and_brought_back(make_hub: Callable[..., Hub], tmp_path: Path) -> None:
    hub = make_hub()
    hub.run("up")
    anna = hub.at_work("anna")
    anna.api("PUT", "api/contents/thesis.txt", {"type": "file", "format": "text", "content": "all my work"})
    name = f"test-{hub.port}"
    refused = hub.run("delete", "--homes", "--confirm", name, code=12)
    assert "it was never saved" in refused.stdout + refused.stderr
    place = tmp_path / "copies"
    hub.run("save", "--to", place)
    anna.api("PUT", "api/contents/thesis.txt", {"type": "file", "format": "text", "content": "all my work, and more"})
    refused = hub.run("delete", "--homes", "--confirm", name, code=12)
    assert "changed since it was saved" in refused.stdout + refused.stderr
    assert "thesis.txt" in refused.stdout + refused.stderr
    hub.run("stop")  # a server that ends writes its last things: save what is final
    hub.run("save")
    hub.run("delete", "--homes", "--confirm", name)
    assert not hub.state.exists() or not (hub.state / "homes").exists()
    hub.run("up")
    hub.run("restore", "--from", place)
    assert (home(hub, "anna") / "thesis.txt").read_text() == "all my work, and more"
    assert json.loads(hub.run("saves", "compare", "--json").stdout)["homes"][0]["different"] == []
    again = hub.at_work("anna")
    answer = again.api("GET", "api/contents/thesis.txt")
    assert answer["content"] == "all my work, and more"
    stranger = hub.person("anna", "another password")
    with pytest.raises(Refused):
        stranger.log_in()


@pytest.mark.long
def test_a_notebook_cut_by_a_killed_save_comes_back(make_hub: Callable[..., Hub]) -> None:
    hub = make_hub()
    hub.run("up")
    anna = hub.at_work("anna")
    folder = home(hub, "anna")
    write(folder, "work.ipynb", "whole")
    shutil.copy2(folder / "work.ipynb", folder / ".~work.ipynb")
    time.sleep(0.05)
    (folder / "work.ipynb").write_text('{"cells": [')
    for path in (folder / "work.ipynb", folder / ".~work.ipynb"):
        shutil.chown(path, folder.stat().st_uid, folder.stat().st_gid)
    record = json.loads((hub.state / "run/servers/anna.json").read_text())
    os.kill(record["process"]["pid"], 9)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and not (folder / "work (interrupted save).ipynb").exists():
        anna.get("hub/spawn")
        time.sleep(1)
    assert "whole" in (folder / "work.ipynb").read_text()
    assert (folder / "work (interrupted save).ipynb").read_text() == '{"cells": ['


@pytest.mark.long
def test_a_folder_with_odd_files_can_be_downloaded_and_an_archive_unpacked(make_hub: Callable[..., Hub]) -> None:
    hub = make_hub()
    hub.run("up")
    anna = hub.at_work("anna")
    folder = home(hub, "anna") / "odd"
    odd(folder)
    subprocess.run(["chown", "-R", "--no-dereference", f"--reference={folder.parent}", folder], check=True)
    (folder / "z-last.txt").chmod(0)
    for path, inside in (("directories/odd?archiveToken=1&archiveFormat=zip", "odd/"), ("skrt/everything?", "odd/")):
        data = anna.bytes(f"{path}&_xsrf=")
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            assert archive.testzip() is None
            assert archive.read(f"{inside}z-last.txt") == b"last"
    (folder.parent / "given.zip").write_bytes(data)
    shutil.rmtree(folder)
    anna.bytes("extract-archive/given.zip?_xsrf=")
    assert (folder / "z-last.txt").read_text() == "last"
