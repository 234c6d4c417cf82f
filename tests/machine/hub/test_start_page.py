"""The page that JupyterLab opens with, in a real browser."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.support.hubs import Hub

from .test_browser import Visitor

START = ".skrt-start[data-ready]"
WELCOME = "Read **this** first: [scikit-rt](https://scikit-rt.github.io) <img src=x onerror='document.title=\"taken\"'>"


@pytest.mark.long
def test_the_course_is_seen_first_and_work_comes_back(
    make_hub: Callable[..., Hub], browser: Browser, tmp_path: Path
) -> None:
    course = tmp_path / "course"
    course.mkdir()
    cell = {"cell_type": "markdown", "id": "a", "metadata": {}, "source": "# Doses of <b>today</b>"}
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    notebook = {"cells": [cell], "metadata": kernel, "nbformat": 4, "nbformat_minor": 5}
    (course / "exercise.ipynb").write_text(json.dumps(notebook))
    hub = make_hub(material=[{"folder": str(course)}], page={"title": "Physics 2026", "welcome": WELCOME})
    hub.run("up")
    anna = Visitor(browser, hub, "anna")
    page = anna.page
    anna.submit_log_in()
    anna.wait_for_lab()
    page.wait_for_selector(START)
    anna.picture("start")
    assert page.locator(".jp-Launcher").count() == 0
    assert page.inner_text(f"{START} h1") == "Physics 2026"
    assert page.inner_text(f"{START} strong") == "this"
    assert "taken" not in page.title(), "the organiser's text runs no scripts"
    titles = page.locator(".skrt-start-notebook").all_inner_texts()
    assert titles[0] == "Doses of <b>today</b>"
    assert len(titles) > 10, "the examples follow"
    assert "up to 2.0 GB" in page.inner_text(START)

    page.click(".skrt-start-notebook >> nth=0")
    page.wait_for_selector(".jp-Notebook .jp-MarkdownOutput h1:has-text('Doses of')")
    page.wait_for_timeout(2000)  # JupyterLab writes down what is open a moment later
    page.reload()
    anna.wait_for_lab()
    page.wait_for_selector(".jp-Notebook .jp-MarkdownOutput h1:has-text('Doses of')")
    anna.wait_for_kernel()  # until then the page moves the focus, which closes menus
    page.click('.lm-MenuBar-itemLabel:text-is("Help")')
    page.click('.lm-Menu-itemLabel:text-is("Start Page")')
    page.wait_for_selector(START)
