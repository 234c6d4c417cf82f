"""Hubs for one test or one module: each is stopped and removed afterwards."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.support.browsers import chromium
from tests.support.hubs import Hub
from tests.support.tools import Tool


@pytest.fixture
def make_hub(own_tool: Tool) -> Iterator[Callable[..., Hub]]:
    """Makes hubs for one test."""
    made: list[Hub] = []

    def make(tool: Tool = own_tool, **settings: Any) -> Hub:
        root = Path(tempfile.mkdtemp(prefix="skrt-hub-test-"))
        root.chmod(0o755)
        hub = Hub(tool, tool.own(root))
        hub.configure(**settings)
        made.append(hub)
        return hub

    yield make
    for hub in made:
        hub.remove()


@contextlib.contextmanager
def usual_hub(tool: Tool) -> Iterator[Hub]:
    """A hub that is up, with the default settings."""
    root = Path(tempfile.mkdtemp(prefix="skrt-hub-test-"))
    root.chmod(0o755)
    hub = Hub(tool, root)
    hub.configure()
    hub.run("up")
    yield hub
    hub.remove()


@pytest.fixture(scope="module")
def running(own_tool: Tool) -> Iterator[Hub]:
    """One hub that is up for all tests of a module, with the default settings."""
    with usual_hub(own_tool) as hub:
        yield hub


@pytest.fixture(scope="session")
def shared(own_tool: Tool) -> Iterator[Hub]:
    """As `running`, for tests of any module that change nothing of the hub; others work on it before and after."""
    with usual_hub(own_tool) as hub:
        yield hub


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser for all tests of a module."""
    with chromium() as started:
        yield started
