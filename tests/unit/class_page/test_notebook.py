"""A participant's notebook for an organiser's eyes: what is shown of it, and what never is."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from skrt_hub.class_page.notebook import Output, cells

PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n" + b"0" * 100).decode()


def read(*found: dict[str, Any]) -> Any:
    return cells(json.dumps({"cells": found, "nbformat": 4}).encode())


def code(*outputs: Any, **more: Any) -> dict[str, Any]:
    return {"cell_type": "code", "source": ["a = 1\n", "a"], "execution_count": 3, "outputs": [*outputs], **more}


def test_source_text_and_pictures_are_shown() -> None:
    text, cell = read(
        {"cell_type": "markdown", "source": "# Title"},
        code(
            {"output_type": "stream", "name": "stdout", "text": ["one\n", "two"]},
            {"output_type": "execute_result", "data": {"text/plain": "1", "text/html": "<b>1</b>"}},
            {"output_type": "display_data", "data": {"image/png": PNG + "\n", "text/plain": "<Figure>"}},
            {"output_type": "error", "ename": "E", "traceback": ["\x1b[31mE\x1b[0m: no", "line"]},
        ),
    )
    assert (text.is_code, text.source, text.number) == (False, "# Title", "")
    assert (cell.is_code, cell.source, cell.number) == (True, "a = 1\na", "3")
    assert cell.outputs == (
        Output("one\ntwo"),
        Output("1"),
        Output(picture=f"data:image/png;base64,{PNG}"),
        Output("E: no\nline", is_error=True),
    )


@pytest.mark.parametrize(
    "data",
    [
        {"text/html": "<script>alert(1)</script>", "text/plain": "table"},
        {"image/svg+xml": "<svg onload='alert(1)'/>", "text/plain": "table"},
        {"image/png": 'x" onerror="alert(1)', "text/plain": "table"},
        {"image/png": base64.b64encode(b"<svg onload='alert(1)'/>").decode(), "text/plain": "table"},
        {"image/png": ["a", "list"], "text/plain": "table"},
        {"application/javascript": "alert(1)", "text/plain": "table"},
    ],
)
def test_nothing_but_words_and_real_pictures(data: dict[str, Any]) -> None:
    assert read(code({"output_type": "display_data", "data": data}))[0].outputs == (Output("table"),)


def test_orders_to_a_terminal_and_turned_letters_become_visible() -> None:
    told = read(code({"output_type": "stream", "text": "\x1b]0;title\x07\u202eabc"}))[0].outputs[0].text
    assert told == "\\x1b]0;title\\x07\\u202eabc"


def test_a_progress_bar_is_shown_as_it_was_at_last() -> None:
    told = read(code({"output_type": "stream", "text": "\r 10%\r 50%\r100%\r\ndone\r\n"}))[0].outputs[0].text
    assert told == "100%\ndone\n"


@pytest.mark.parametrize(
    "data", [b"", b"[]", b"{}", b'{"cells": 1}', b"[" * 200_000, b'{"cells": [' + b"9" * 5000, b"\xff"]
)
def test_what_is_no_notebook_is_said(data: bytes) -> None:
    with pytest.raises(ValueError, match="no notebook that can be read"):
        cells(data)


@pytest.mark.parametrize(
    "cell",
    [
        {},
        {"cell_type": "code"},
        {"cell_type": "code", "source": 1, "outputs": 1, "execution_count": "<b>"},
        {"cell_type": "code", "source": [1], "outputs": [1, {}, {"data": 1}, {"output_type": "error", "traceback": 1}]},
    ],
)
def test_any_other_content_is_no_fault(cell: dict[str, Any]) -> None:
    assert [(one.source, one.number) for one in read(cell)] == [("", "")]


def test_there_is_a_bound_to_everything() -> None:
    long = {"output_type": "stream", "text": "x" * 100_000}
    (found,) = read(code(long, *[{"output_type": "stream", "text": "y"}] * 200))
    assert len(found.outputs) == 100
    assert len(found.outputs[0].text) < 30_000
    assert len(read(*[{"cell_type": "markdown", "source": ""}] * 2000)) == 1000


def test_long_lines_hold_nobody_up() -> None:
    """Each of these took more than a second where the whole line was looked at from every letter on."""
    found = read(*[code(*[{"output_type": "stream", "text": "x" * 20_000}] * 100)] * 5)
    assert {output.text for cell in found for output in cell.outputs} == {"x" * 20_000}


@pytest.mark.parametrize("piece", [b"[],", b"{},", b'{"":{}},', b"999,"])
def test_a_notebook_of_millions_of_parts_is_refused_before_it_takes_memory(piece: bytes) -> None:
    data = b'{"cells":[' + piece * (16 * 2**20 // len(piece) - 10) + b"0]}"
    with pytest.raises(ValueError, match="too many parts"):
        cells(data)
