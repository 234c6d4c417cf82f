"""The wheel of skrt-hub itself, made from the packages as they run here, be that a clone or an installed wheel."""

from __future__ import annotations

import importlib.util
import json
import shutil
from importlib import metadata
from pathlib import Path
from tempfile import TemporaryDirectory

from skrt_hub.environment import uv
from skrt_hub.version import __version__

_PACKAGES = ("skrt_hub", "skrt_workspace")
_NOT_IN_IT = shutil.ignore_patterns("__pycache__", "*.pyc")


def build_own_wheel(to: Path) -> Path:
    """Put the wheel into the folder `to`. uv has what builds it: nothing is fetched."""
    with TemporaryDirectory(prefix="skrt-hub-") as folder:
        project = Path(folder, "project")
        for name in _PACKAGES:
            spec = importlib.util.find_spec(name)
            assert spec is not None and spec.submodule_search_locations
            shutil.copytree(spec.submodule_search_locations[0], project / name, ignore=_NOT_IN_IT)
        (project / "pyproject.toml").write_text(_project(), encoding="utf-8")
        uv.run_uv(["build", "--wheel", "--offline", "--no-config", "--out-dir", folder, project], folder=project)
        (wheel,) = Path(folder).glob("*.whl")
        return Path(shutil.copy(wheel, to))


def _project() -> str:
    about = metadata.metadata("skrt-hub")
    return f"""\
[build-system]
requires = ["uv_build"]
build-backend = "uv_build"

[project]
name = "skrt-hub"
version = {json.dumps(__version__)}
description = {json.dumps(about["Summary"])}
requires-python = {json.dumps(about["Requires-Python"])}
dependencies = {json.dumps(metadata.requires("skrt-hub") or [])}

[project.scripts]
skrt-hub = "skrt_hub.__main__:main"

[tool.uv.build-backend]
module-root = ""
module-name = {json.dumps(list(_PACKAGES))}
"""
