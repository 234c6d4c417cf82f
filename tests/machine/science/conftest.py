"""Programs of these tests run in the participants' environment and print facts as JSON."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from skrt_hub.environment import Environment

HERE = Path(__file__).parent


@pytest.fixture(scope="session")
def facts_of(environment: Environment) -> Callable[..., Any]:
    """Run a program of this folder with the participants' Python; its last line of output, read as JSON."""

    def run(program: str, *words: str | Path, deadline: float = 300) -> Any:
        path = f"{environment.folder / 'bin'}{os.pathsep}{os.environ['PATH']}"
        command = [environment.folder / "bin" / "python", HERE / program, *words]
        variables = {**os.environ, "PATH": path}
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=deadline, env=variables)
        assert done.returncode == 0, done.stderr[-3000:]
        return json.loads(done.stdout.splitlines()[-1])

    return run
