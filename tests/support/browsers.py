"""Chromium as the tests start it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, sync_playwright

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
PATIENCE = 120_000  # milliseconds
_QUIET = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
_QUIET += ["--disable-component-update", "--disable-sync"]
_NONE = "no Chromium here: sudo apt install chromium"

needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason=_NONE)
"""For modules in which every test looks at pages."""


@contextmanager
def chromium(*arguments: str) -> Iterator[Browser]:
    """A browser; the test is skipped where there is none."""
    if CHROMIUM is None:
        pytest.skip(_NONE)
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=[*_QUIET, *arguments])
        yield started
        started.close()
