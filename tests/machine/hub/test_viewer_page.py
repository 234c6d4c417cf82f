"""The viewer in a participant's notebook: it draws in a browser without a graphics card, and asks nobody outside."""

from __future__ import annotations

from collections.abc import Iterator

import nbformat
import pytest
from playwright.sync_api import Browser

from tests.support.browsers import chromium, needs_chromium
from tests.support.hubs import Hub

from .test_browser import Visitor

pytestmark = needs_chromium
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
def browser() -> Iterator[Browser]:
    """A browser that draws WebGL with the processor."""
    with chromium(*SOFTWARE_WEBGL) as started:
        yield started


@pytest.mark.long
def test_it_draws_what_is_under_the_pointer_and_asks_nobody_outside(running: Hub, browser: Browser) -> None:
    anna = running.at_work("anna")
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(CELL.strip())], metadata=kernel)
    anna.api("PUT", "api/contents/look.ipynb", {"type": "notebook", "format": "json", "content": notebook})

    visitor = Visitor(browser, running, "anna")
    page = visitor.page
    outside: list[str] = []
    local = (running.url, running.url.replace("http", "ws"), "data:", "blob:")
    page.on("request", lambda one: None if one.url.startswith(local) else outside.append(one.url))
    visitor.submit_log_in()
    visitor.wait_for_lab()
    page.goto(f"{running.url}user/anna/lab/tree/look.ipynb")
    page.wait_for_selector(".jp-Notebook .jp-Cell")
    visitor.wait_for_kernel()
    page.click(".jp-CodeCell .cm-content")
    page.keyboard.press("Control+Enter")
    canvas = page.wait_for_selector(".jp-OutputArea canvas")
    before = after = page.inner_text(".jp-OutputArea-output code")
    box = canvas.bounding_box() if canvas else None
    assert box is not None
    for _ in range(30):  # drawing in software takes its time
        page.wait_for_timeout(3000)
        page.mouse.click(box["x"] + box["width"] * 0.25, box["y"] + box["height"] * 0.3)
        after = page.inner_text(".jp-OutputArea-output code")
        if after != before:
            break
    visitor.picture("viewer")
    assert after != before, "a click on the canvas moved nothing"
    assert "mm (LPS)" in after
    assert outside == []
