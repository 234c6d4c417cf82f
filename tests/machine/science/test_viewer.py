"""The viewer in a notebook: what it says at known places, and that it draws in a browser without a graphics card."""

from __future__ import annotations

import os
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest

from skrt_hub.environment import Environment

CHROMIUM = Path("/usr/bin/chromium")
SOFTWARE_WEBGL = ("--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--ignore-gpu-blocklist")
CELL = """
import warnings
warnings.simplefilter("ignore")
from skrt_workspace import data, phantom, view
loaded = data.load(phantom.path() / "patients" / "Phantom-2")
shown = view(loaded.images[0], structures=loaded.structure_sets[0], dose=loaded.doses[0])
shown
"""


@pytest.fixture(scope="module")
def facts(facts_of: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    found: dict[str, Any] = facts_of("viewer_facts.py", tmp_path_factory.mktemp("viewer"))
    return found


def test_it_says_what_is_at_a_place(facts: dict[str, Any]) -> None:
    heart, tumour = facts["at"]["Heart"], facts["at"]["GTV"]
    assert "Heart" in heart["structures"]
    assert "GTV" not in heart["structures"]
    assert {"GTV", "PTV"} <= set(tumour["structures"])
    assert 0 < heart["value"] < 120  # HU of blood and muscle
    assert tumour["dose"] == pytest.approx(60, abs=2)
    assert facts["outside"] == {"value": None, "other": None, "dose": None, "structures": []}


def test_what_is_sent_lies_in_its_place_and_is_small(facts: dict[str, Any]) -> None:
    assert facts["sent"][0] == facts["sent"][1]
    assert facts["volumes"][:3] == ["image.nii.gz", "other.nii.gz", "dose.nii.gz"]
    assert facts["bytes"] < 4_000_000
    assert facts["is_png"] == "iVBORw0KGgo="
    assert facts["thinned"] == [[134, 134, 100], [3.0, 3.0, 1.0]]


def test_the_cursor_is_told_in_dicoms_directions(facts: dict[str, Any]) -> None:
    assert "mm (LPS)" in facts["readout"]
    assert "Gy" in facts["readout"]
    assert "Heart" in facts["readout"]
    assert all(0 < share < 1 for share in facts["moved"])


@pytest.mark.parametrize("name", ["prone", "anisotropic", "oblique"])
def test_a_point_reads_back_within_half_a_voxel(facts: dict[str, Any], name: str) -> None:
    assert max(facts[name]) <= 0.5 + 1e-6


@pytest.fixture
def lab(environment: Environment, tmp_path: Path) -> Iterator[str]:
    """JupyterLab of the participants' environment, on a port of its own."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(CELL.strip())])
    nbformat.write(notebook, tmp_path / "look.ipynb")
    words = ("--allow-root", "--no-browser", "--ServerApp.token=word", f"--ServerApp.root_dir={tmp_path}")
    ports = ("--port=0", "--ServerApp.port_retries=0")
    log = tmp_path / "lab.log"
    variables = {**os.environ, "JUPYTER_CONFIG_DIR": str(tmp_path / "config"), "JUPYTER_RUNTIME_DIR": str(tmp_path)}
    with log.open("wb") as stream:
        command = [environment.folder / "bin" / "python", "-m", "jupyterlab", *words, *ports]
        program = subprocess.Popen(command, stdout=stream, stderr=stream, env=variables)
    try:
        yield _address(tmp_path)
    finally:
        program.terminate()
        program.wait(30)


def _address(folder: Path) -> str:
    import json

    for _ in range(240):
        for file in folder.glob("jpserver-*.json"):
            address = json.loads(file.read_text())["url"]
            with urllib.request.urlopen(f"{address}api?token=word", timeout=30):
                return str(address)
        time.sleep(0.5)
    raise AssertionError((folder / "lab.log").read_text()[-2000:])


@pytest.mark.long
@pytest.mark.skipif(not CHROMIUM.exists(), reason="needs Chromium")
def test_it_draws_in_a_browser_and_asks_nobody_outside(lab: str, tmp_path: Path) -> None:
    from playwright.sync_api import sync_playwright

    outside: list[str] = []
    with sync_playwright() as player:
        options = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", *SOFTWARE_WEBGL)
        browser = player.chromium.launch(executable_path=str(CHROMIUM), args=list(options))
        page = browser.new_page(viewport={"width": 1200, "height": 1000})
        local = ("http://localhost", "http://127.0.0.1", "data:", "blob:")
        page.on("request", lambda one: None if one.url.startswith(local) else outside.append(one.url))
        page.goto(f"{lab}doc/tree/look.ipynb?token=word", timeout=120_000)
        page.wait_for_selector(".jp-CodeCell .cm-content", timeout=120_000)
        page.wait_for_timeout(2000)
        page.click(".jp-CodeCell .cm-content")
        page.keyboard.press("Control+Enter")
        canvas = page.wait_for_selector(".jp-OutputArea canvas", timeout=120_000)
        before = page.inner_text(".jp-OutputArea-output code")
        box = canvas.bounding_box() if canvas else None
        assert box is not None
        after = before
        for _ in range(30):  # drawing in software takes its time
            page.wait_for_timeout(3000)
            page.mouse.click(box["x"] + box["width"] * 0.25, box["y"] + box["height"] * 0.3)
            after = page.inner_text(".jp-OutputArea-output code")
            if after != before:
                break
        page.screenshot(path=str(tmp_path / "look.png"))
        browser.close()
    assert after != before, "a click on the canvas moved nothing"
    assert "mm (LPS)" in after
    assert outside == []
