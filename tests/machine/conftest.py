"""What the tests on this machine share: one participants' environment for each Python, and hubs to try things on.

The environments are built once and kept in SKRT_HUB_ENVIRONMENTS, or in the user's cache folder.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import platformdirs
import pytest
import uv

from skrt_hub.environment import Environment, ensure_environment
from tests.support.tools import Tool

PROJECT = Path(__file__).parents[2]
ORDINARY = "tester"  # the ordinary user that tests run as root try things as


def environments_folder() -> Path:
    """Where the tests keep the participants' environments."""
    given = os.environ.get("SKRT_HUB_ENVIRONMENTS")
    return Path(given) if given else Path(platformdirs.user_cache_dir("skrt-hub-tests")) / "environments"


@pytest.fixture(scope="session")
def environment() -> Environment:
    """The participants' environment, built by the Python that runs the tests."""
    return ensure_environment(environments_folder())


@pytest.fixture(scope="session")
def own_tool(environment: Environment) -> Tool:
    """skrt-hub as the user who runs the tests."""
    kind = "root" if os.geteuid() == 0 else "ordinary"
    return Tool(kind, Path(sys.executable), environment.folder.parent)


@pytest.fixture(scope="session")
def ordinary_tool(own_tool: Tool) -> Iterator[Tool]:
    """skrt-hub as an ordinary user. Tests run as root install it with the system's Python, which that user can read."""
    if own_tool.kind == "ordinary":
        yield own_tool
        return
    account = next((entry for entry in pwd.getpwall() if entry.pw_name == ORDINARY), None)
    system_python = Path("/usr/bin/python3")
    if account is None or not system_python.exists():
        pytest.skip(f"there is no ordinary user {ORDINARY!r}, or no system Python for it")
    folder = Path(tempfile.mkdtemp(prefix="skrt-hub-tool-"))
    folder.chmod(0o755)
    subprocess.run([uv.find_uv_bin(), "venv", "-q", "--python", system_python, folder / "venv"], check=True)
    install = [uv.find_uv_bin(), "pip", "install", "-q", "--compile-bytecode", "--python", folder / "venv/bin/python"]
    subprocess.run([*install, PROJECT], check=True)
    environments = folder / "environments"
    environments.mkdir()
    tool = Tool("ordinary", folder / "venv/bin/python", environments, account)
    tool.own(environments)
    yield tool
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session", params=["own", "ordinary"])
def tool(request: pytest.FixtureRequest) -> Tool:
    """skrt-hub as the user who runs the tests, and as an ordinary user where that is somebody else."""
    if request.param == "own":
        return request.getfixturevalue("own_tool")
    if os.geteuid() != 0:
        pytest.skip("the tests run as an ordinary user already")
    return request.getfixturevalue("ordinary_tool")


@pytest.hookimpl(tryfirst=True)  # before pytest-xdist reads the marks
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What one process runs where several share the tests: a module, whose hub is one; all that is an ordinary user's.

    An installation for an ordinary user takes minutes, and there shall be one.
    """
    for item in items:
        parameters = item.callspec.params if hasattr(item, "callspec") else {}
        names = getattr(item, "fixturenames", ())
        installs = "ordinary_tool" in names or parameters.get("tool") == "ordinary"
        if installs and os.geteuid() == 0:
            item.add_marker(pytest.mark.long)  # users who are not root have it already
        group = "ordinary" if installs else "shared" if "shared" in names else str(item.path)
        item.add_marker(pytest.mark.xdist_group(group))


def pytest_collection_finish(session: pytest.Session) -> None:
    """End at once where groups are not kept together: two processes would make each hub and environment twice."""
    shared = getattr(session.config, "workerinput", None) is not None and session.config.getoption("loadgroup", False)
    here = [item for item in session.items if Path(__file__).parent in item.path.parents]
    if shared and not all("@" in item.nodeid for item in here):
        pytest.exit("pytest-xdist does not keep the groups of these tests together", returncode=4)
