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
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import platformdirs
import pytest
import uv

from skrt_hub.environment import Environment, ensure_environment

PROJECT = Path(__file__).parents[2]
ORDINARY = "tester"  # the ordinary user that tests run as root try things as


@dataclass(frozen=True)
class Tool:
    """skrt-hub as one kind of user runs it: `root` (each participant an own user id) or `ordinary`."""

    kind: str
    python: Path
    environments: Path
    account: pwd.struct_passwd | None = None

    @property
    def variables(self) -> dict[str, str]:
        kept = {
            name: os.environ[name]
            for name in ("PATH", "SSL_CERT_FILE", "PIP_CERT", "UV_CACHE_DIR")
            if name in os.environ
        }
        home = self.account.pw_dir if self.account else os.environ.get("HOME", "/")
        return {**kept, "HOME": home, "LANG": "C.UTF-8", "SKRT_HUB_ENVIRONMENTS": str(self.environments)}

    @property
    def user(self) -> dict[str, Any]:
        if self.account is None:
            return {}
        return {"user": self.account.pw_uid, "group": self.account.pw_gid, "extra_groups": []}

    def run(self, *words: str | Path, deadline: float = 300, **options: Any) -> subprocess.CompletedProcess[str]:
        """Run `skrt-hub` with these words."""
        command = [str(self.python), "-m", "skrt_hub", *map(str, words)]
        given: dict[str, Any] = {"env": self.variables, "cwd": "/", "timeout": deadline, **self.user, **options}
        if "input" not in given:
            given["stdin"] = subprocess.DEVNULL
        return subprocess.run(command, capture_output=True, text=True, check=False, **given)

    def own(self, path: Path) -> Path:
        if self.account is not None:
            os.chown(path, self.account.pw_uid, self.account.pw_gid)
        return path


def _environments() -> Path:
    given = os.environ.get("SKRT_HUB_ENVIRONMENTS")
    return Path(given) if given else Path(platformdirs.user_cache_dir("skrt-hub-tests")) / "environments"


@pytest.fixture(scope="session")
def environment() -> Environment:
    """The participants' environment, built by the Python that runs the tests."""
    return ensure_environment(_environments())


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
