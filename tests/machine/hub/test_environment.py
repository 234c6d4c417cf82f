"""Packages of the organiser's own on a real hub: beside the tested ones, with another scikit-rt, and the way back."""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from skrt_hub.bench.participant import Journey, Participant
from skrt_hub.environment import Environment
from tests.support.hubs import Hub

PASSWORD = "correct horse"
PROJECT = """
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"
[project]
name = "scikit-rt"
version = "0.8.3"
dependencies = ["numpy", "not-on-any-index"]
[tool.hatch.build.targets.wheel]
packages = ["skrt"]
"""
WITH = """
import importlib.metadata, numpy, skrt, tabulate, uncertainties
assert skrt.COURSE == 2026 and importlib.metadata.version("scikit-rt") == "0.8.3"
"""
WITHOUT = """
import importlib.metadata, importlib.util, skrt
assert importlib.metadata.version("scikit-rt") == "0.8.2" and not hasattr(skrt, "COURSE")
assert importlib.util.find_spec("tabulate") is None
"""


def laboratory(environment: Environment, folder: Path) -> None:
    """A git folder with a scikit-rt of one's own on its branch `course`."""
    (site,) = environment.folder.glob("lib/python*/site-packages")
    shutil.copytree(site / "skrt", folder / "skrt", ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "pyproject.toml").write_text(PROJECT)
    git = ["git", "-C", str(folder), "-c", "user.name=a", "-c", "user.email=a@example.org"]
    for words in (["init", "-q", "-b", "main"], ["add", "."], ["commit", "-qm", "one"], ["checkout", "-qb", "course"]):
        subprocess.run([*git, *words], check=True)
    with (folder / "skrt" / "__init__.py").open("a") as file:
        file.write("\nCOURSE = 2026\n")
    for words in (["commit", "-qam", "two"], ["checkout", "-q", "main"]):
        subprocess.run([*git, *words], check=True)


async def run(hub: Hub, name: str, cell: str) -> None:
    async with Participant(hub.url, name, PASSWORD) as person:
        await person.enter(Journey(name))
        await person.execute(cell)


@pytest.mark.long
@pytest.mark.timeout(1500)
def test_own_packages_and_the_way_back(environment: Environment, make_hub: Callable[..., Hub]) -> None:
    hub = make_hub()
    hub.run("up")
    asyncio.run(run(hub, "anna", WITHOUT))
    laboratory(environment, hub.root / "laboratory")
    wish = {"packages": ["tabulate", "uncertainties>=3"], "scikit_rt": {"git": "laboratory", "at": "course"}}
    hub.configure(environment=wish)
    hub.run("up", deadline=900)
    lock = (hub.root / "hub.lock.txt").read_text()
    assert "tabulate==" in lock and "# own scikit-rt 0.8.3 git " in lock and "://" not in lock
    asyncio.run(run(hub, "bob", WITH))
    asyncio.run(run(hub, "anna", WITHOUT))  # a running server keeps its environment

    hub.configure(environment={**wish, "packages": ["numpy<2"]})
    refused = hub.run("up", code=3)
    assert "numpy<2" in refused.stderr and "numpy 2." in refused.stderr
    hub.configure()
    hub.run("up")
    asyncio.run(run(hub, "chen", WITHOUT))


NO_TABLES = (
    "import importlib.util, os; assert importlib.util.find_spec('tabulate') is None and os.getppid() == {parent}"
)
TABLES = """
import os, subprocess, sys, tabulate, numpy, skrt
assert (os.getppid() == 1) is {forked}, "whether it was forked by the warden"
assert sys.prefix in subprocess.run(["pip", "--version"], capture_output=True, text=True).stdout
"""


def until_there(*paths: Path) -> None:
    """A server that is started before its fork server is ready starts by itself."""
    give_up = time.monotonic() + 120
    while not all(path.exists() for path in paths):
        assert time.monotonic() < give_up, "a fork server did not come up"
        time.sleep(0.2)


async def run_in(hub: Hub, name: str, kernel: str, cell: str, profile: str) -> None:
    person = hub.person(name)
    person.log_in()
    if not person.hub_api("GET", f"users/{name}")["servers"]:
        person.hub_api("POST", f"users/{name}/server", {"profile": profile})
    person.server()
    for session in person.api("GET", "api/sessions"):
        person.api("DELETE", f"api/sessions/{session['id']}")
    async with Participant(hub.url, name, PASSWORD, kernel_name=kernel) as participant:
        await participant.enter(Journey(name))
        await participant.execute(cell)


@pytest.mark.long
@pytest.mark.timeout(1500)
def test_a_further_environment_is_a_kernel_and_a_choice(make_hub: Callable[..., Hub]) -> None:
    others = [{"name": "tables", "packages": ["tabulate"], "fork_server": True}]
    hub = make_hub(
        environment={"others": others}, profiles=[{"name": "Usual"}, {"name": "Tables", "environment": "tables"}]
    )
    hub.run("up", deadline=900)
    assert "tabulate==" in (hub.root / "hub.lock.tables.txt").read_text()
    assert set(hub.status()["components"]) >= {"fork-server", "fork-server-tables"}
    until_there(hub.state / "run" / "forkserver.sock", hub.state / "run" / "forkserver-tables.sock")
    asyncio.run(run_in(hub, "anna", "python3", NO_TABLES.format(parent=1), "usual"))
    asyncio.run(run_in(hub, "anna", "tables", TABLES.format(forked=False), "usual"))
    asyncio.run(run_in(hub, "bob", "python3", TABLES.format(forked=True), "tables"))
    specs = hub.person("bob")
    specs.log_in()
    specs.server()
    titles = {
        name: each["spec"]["display_name"] for name, each in specs.api("GET", "api/kernelspecs")["kernelspecs"].items()
    }
    assert titles == {"python3": "Python 3 (tables)", "scikit-rt": "Python 3 (scikit-rt)"}
    verified = json.loads(hub.run("verify", "--quick", "--json").stdout)["rows"]
    assert {row["environment"] for row in verified} == {"", "tables"}
    assert {row["verdict"] for row in verified} == {"ok"}, verified
    hub.configure()
    hub.run("up")
    assert "fork-server-tables" not in hub.status()["components"]
    asyncio.run(run_in(hub, "anna", "tables", TABLES.format(forked=False), "usual"))  # a running server keeps them
