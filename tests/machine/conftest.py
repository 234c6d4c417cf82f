"""The participants' environment for the tests on this machine: built once, kept between runs."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs
import pytest

from skrt_hub.environment import Environment, ensure_environment


@pytest.fixture(scope="session")
def environment() -> Environment:
    """The environment that this checkout wants, below SKRT_HUB_ENVIRONMENTS or the user's cache folder."""
    shared = os.environ.get("SKRT_HUB_ENVIRONMENTS")
    folder = Path(shared) if shared else Path(platformdirs.user_cache_dir("skrt-hub", appauthor=False), "environments")
    return ensure_environment(folder)
