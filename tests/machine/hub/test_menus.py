"""What Jupyter's menus offer leads somewhere: each format of export, the language, the class's kernel."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.support.browsers import log_in, needs_chromium, picture
from tests.support.hubs import Hub

from .menu_walk import Entry, choose, entries

NOTEBOOK = {
    "cells": [{"cell_type": "markdown", "id": "a", "metadata": {}, "source": "# $x^2$"}],
    "metadata": {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
    "nbformat": 4,
    "nbformat_minor": 5,
}


OF_HELP = ("Jupyter", "JupyterLab", "Markdown", "Python", "IPython", "NumPy", "SciPy", "Matplotlib", "SymPy", "pandas")
"""Names of the pages on the internet to which the Help menu leads."""
LEAVES = {("File", "Log Out"), ("File", "Hub Control Panel")}

CODE = {
    **NOTEBOOK,
    "cells": [
        {"cell_type": "code", "id": "a", "metadata": {}, "source": "1 + 1", "outputs": [], "execution_count": None},
        *NOTEBOOK["cells"],
    ],
}


@pytest.mark.long
def test_each_format_that_is_offered_can_be_exported(shared: Hub) -> None:
    anna = shared.at_work("anna")
    anna.api("PUT", "api/contents/x.ipynb", {"type": "notebook", "format": "json", "content": NOTEBOOK})
    offered = list(anna.api("GET", "api/nbconvert"))
    assert {"html", "markdown", "slides"} <= set(offered) and "pdf" not in offered
    for name in offered:
        status, _, page = anna.get(f"user/anna/nbconvert/{name}/x.ipynb?download=true")
        assert status == 200, f"{name}: {page[:300]}"
    status, _, page = anna.get("user/anna/notebooks/x.ipynb")
    assert status == 200 and "HTML (.html)" in page and "PDF via" not in page


def test_german_is_there_without_internet(shared: Hub) -> None:
    anna = shared.at_work("anna")
    assert anna.api("GET", "lab/api/translations/")["data"]["de_DE"]["nativeName"].startswith("Deutsch")
    assert anna.api("GET", "lab/api/translations/de_DE")["data"]["jupyterlab"]


def test_a_kernel_of_ones_own_does_not_replace_the_class_s(shared: Hub) -> None:
    anna = shared.at_work("anna")
    home = shared.state / "homes" / "anna"
    kernel = json.dumps({"argv": ["/gone/python"], "display_name": "mine", "language": "python"})
    for name in ("python3", "mine"):
        folder = home / ".local" / "share" / "jupyter" / "kernels" / name
        folder.mkdir(parents=True)
        (folder / "kernel.json").write_text(kernel)
    found = anna.api("GET", "api/kernelspecs")["kernelspecs"]
    assert "scikit-rt" in found["python3"]["spec"]["display_name"]
    assert found["mine"]["spec"]["display_name"] == "mine"


@pytest.fixture
def opened(make_hub: Callable[..., Hub], browser: Browser) -> Iterator[tuple[Page, Callable[[], None]]]:
    """A page of JupyterLab, and what brings it back to a notebook with its kernel, as if nothing had been chosen."""
    hub = make_hub()
    hub.run("up")
    anna = hub.at_work("anna")
    page = browser.new_context(viewport={"width": 1400, "height": 950}, locale="en-GB").new_page()
    page.set_default_timeout(30_000)
    log_in(page, hub.url, "anna", "correct horse", "hub/home")

    def anew() -> None:
        shutil.rmtree(hub.state / "homes" / "anna" / ".jupyter", ignore_errors=True)
        anna.api("PUT", "api/contents/x.ipynb", {"type": "notebook", "format": "json", "content": CODE})
        page.goto(f"{hub.url}user/anna/lab/tree/x.ipynb?reset")
        page.wait_for_selector("text=/Python 3 .* Idle/")
        page.click(".jp-Notebook .jp-CodeCell .cm-content")

    yield page, anew
    page.context.close()


def outside(entry: Entry) -> bool:
    return entry[0] == "Help" and entry[-1].removesuffix(" Reference").removesuffix(" FAQ") in OF_HELP


@needs_chromium
@pytest.mark.long
@pytest.mark.timeout(3600)
def test_no_entry_of_the_menus_ends_in_an_error(opened: tuple[Page, Callable[[], None]]) -> None:
    """Every one of some 170 is chosen, each in a page of its own. SKRT_HUB_TEST_MENU=Help walks one menu alone."""
    page, anew = opened
    anew()
    found = [entry for entry in entries(page) if os.environ.get("SKRT_HUB_TEST_MENU", entry[0]) == entry[0]]
    wrong = {}
    for entry in sorted(found, key=lambda one: one in LEAVES):
        if page.url.endswith("hub/login"):
            continue  # it has logged out, which was the last
        anew()
        # A page on the internet: without one, it is said that it cannot be reached, and no frame with an error is left.
        outcome = choose(page, entry, 3_000 if outside(entry) else 700)
        if outside(entry) and outcome.warnings:
            picture(page, "menu-outside")
            if page.locator("iframe.jp-IFrame, .jp-IFrame iframe").count():
                wrong[entry] = ["a frame with an error"]
        if outcome.errors:
            wrong[entry] = outcome.errors
    assert not wrong, wrong
    assert len(found) > (150 if "SKRT_HUB_TEST_MENU" not in os.environ else 3)
