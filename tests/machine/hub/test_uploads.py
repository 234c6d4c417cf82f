"""Uploads on a real hub: a large file comes in pieces and is there whole or not at all; folders bring their files."""

import base64
import hashlib
import json
import os
import shutil
import urllib.error
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.support.hubs import Hub, Person

from .test_browser import Visitor


def send(person: Person, name: str, content: bytes, chunk: int) -> Any:
    """One piece, as JupyterLab sends it."""
    text = base64.b64encode(content).decode()
    document = {"type": "file", "format": "base64", "content": text, "chunk": chunk, "name": name, "path": name}
    return person.api("PUT", f"api/contents/{name}", document)


def refused(person: Person, name: str, content: bytes, chunk: int) -> tuple[int, str]:
    with pytest.raises(urllib.error.HTTPError) as error:
        send(person, name, content, chunk)
    return error.value.code, json.loads(error.value.read())["message"]


def seen(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.name.startswith((".skrt-part", "s")))


def test_an_upload_is_whole_or_not_there(shared: Hub) -> None:
    anna = shared.at_work("anna")
    home = shared.state / "homes/anna"
    model = send(anna, "scan.bin", b"a" * 1000, 1)
    assert (model["name"], model["path"], model["type"]) == ("scan.bin", "scan.bin", "file")
    assert not (home / "scan.bin").exists(), "half a file must not look like one"
    send(anna, "scan.bin", b"b" * 1000, 2)
    send(anna, "scan.bin", b"c", -1)
    assert (home / "scan.bin").read_bytes() == b"a" * 1000 + b"b" * 1000 + b"c"
    assert seen(home) == ["scan.bin"], "nothing else is left"

    # The browser goes away in the middle of the next upload of the same name: what was there stays.
    send(anna, "scan.bin", b"new" * 1000, 1)
    send(anna, "scan.bin", b"new" * 1000, 2)
    assert len((home / "scan.bin").read_bytes()) == 2001
    # It comes back, and begins again.
    send(anna, "scan.bin", b"new", 1)
    send(anna, "scan.bin", b"er", -1)
    assert (home / "scan.bin").read_bytes() == b"newer"
    # A piece that does not follow the one before: the server was started again meanwhile.
    code, words = refused(anna, "scan.bin", b"tail", 7)
    assert code == 409
    assert "upload it again" in words
    assert (home / "scan.bin").read_bytes() == b"newer"
    # Names that lead elsewhere.
    assert refused(anna, ".hidden", b"x", 1)[0] in (400, 404)
    assert refused(anna, "missing-folder/scan.bin", b"x", 1)[0] in (404, 500)


@pytest.mark.long
def test_an_upload_into_a_home_that_fills_up_says_so(make_hub: Callable[..., Hub]) -> None:
    hub = make_hub()
    hub.run("up")
    with hub.little_home("anna", "3M") as folder:
        hub.run("start")
        anna = hub.at_work("anna")
        send(anna, "scan.bin", b"old", 1)
        send(anna, "scan.bin", b"", -1)
        send(anna, "scan.bin", bytes(1_000_000), 1)
        with pytest.raises(urllib.error.HTTPError) as error:
            for chunk in range(2, 6):
                send(anna, "scan.bin", bytes(1_000_000), chunk)
        code, words = error.value.code, json.loads(error.value.read())["message"]
        assert code == 507
        assert "Your home is full" in words
        assert (folder / "scan.bin").read_bytes() == b"old"
        assert seen(folder) == ["scan.bin"]
        assert shutil.disk_usage(folder).free > 1_000_000, "the pieces are gone"


@pytest.mark.long
def test_large_files_and_folders_in_a_browser(shared: Hub, browser: Browser, tmp_path: Path) -> None:
    carla = Visitor(browser, shared, "carla")
    carla.submit_log_in()
    carla.wait_for_lab()
    page = carla.page
    large = tmp_path / "large.nii"
    large.write_bytes(os.urandom(40_000_000))
    page.wait_for_selector(".jp-FileBrowser .jp-DirListing-content")
    with page.expect_file_chooser() as waiting:
        page.click('.jp-FileBrowser [data-command="filebrowser:upload"], .jp-FileBrowser [title^="Upload"]')
    waiting.value.set_files(large)
    page.click(".jp-Dialog:has-text('Large file size warning') .jp-mod-accept")  # JupyterLab asks before it sends much
    page.wait_for_selector("#jp-bottom-panel:has-text('Uploading')")  # with a bar beside it
    carla.picture("upload")
    page.wait_for_selector('.jp-DirListing-item:has-text("large.nii")')
    home = shared.state / "homes/carla"
    for _ in range(200):
        if (home / "large.nii").exists():
            break
        page.wait_for_timeout(100)
    assert hashlib.sha256((home / "large.nii").read_bytes()).digest() == hashlib.sha256(large.read_bytes()).digest()

    page.evaluate(DROP_A_FOLDER)
    for _ in range(200):
        if (home / "patient/ct/slice.txt").exists() and (home / "patient/ct/slice.txt").stat().st_size:
            break  # for a moment Jupyter's own way of writing shows a small file that is empty
        page.wait_for_timeout(100)
    carla.picture("folder")
    assert (home / "patient/ct/slice.txt").read_text() == "of a folder"


# What a browser gives when somebody drops a folder with a folder with a file; real drops cannot be scripted.
DROP_A_FOLDER = """() => {
  const file = { isFile: true, isDirectory: false, name: 'slice.txt', fullPath: '/patient/ct/slice.txt',
                 file: done => done(new File(['of a folder'], 'slice.txt')) };
  const folder = (name, inside) => ({ isFile: false, isDirectory: true, name,
    createReader: () => { let given = false;
      return { readEntries: done => { done(given ? [] : inside); given = true; } }; } });
  const patient = folder('patient', [folder('ct', [file])]);
  const event = new Event('drop', { bubbles: true, cancelable: true });
  const item = { kind: 'file', webkitGetAsEntry: () => patient, getAsFile: () => null };
  event.dataTransfer = { items: [item], files: [], types: ['Files'], effectAllowed: 'all' };
  document.querySelector('.jp-DirListing-content').dispatchEvent(event);
}"""
