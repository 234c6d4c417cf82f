"""What Jupyter's menus offer leads somewhere: each format of export, the language, the class's kernel."""

from __future__ import annotations

import json

import pytest

from tests.support.hubs import Hub

NOTEBOOK = {
    "cells": [{"cell_type": "markdown", "id": "a", "metadata": {}, "source": "# $x^2$"}],
    "metadata": {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
    "nbformat": 4,
    "nbformat_minor": 5,
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
