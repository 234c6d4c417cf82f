"""The patches for scikit-rt apply to the published package, and each mends what it says."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from skrt_hub.environment import Environment

PATCHES = sorted((Path(__file__).parents[3] / "contrib" / "scikit-rt").glob("*.patch"))
HERE = Path(__file__).parent

pytestmark = pytest.mark.long

KEPT = """
import skrt
image = skrt.SyntheticImage((16, 16, 8))
image.add_sphere(3, name="a")
for _ in range(20):
    image.get_data()
made = 0
while getattr(image, "_image", None) is not None:
    image, made = image._image, made + 1
print(skrt.__file__, made)
"""
WARNED = """
import json, sys, warnings
import skrt
told = {}
for case in ("missing", "tilted", "oblique", "clean", "prone"):
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        skrt.Image(f"{sys.argv[1]}/{case}").get_data()
    told[case] = sum("Slices are not" in str(one.message) for one in found)
print(json.dumps(told))
"""
UNMENDED = "import skrt_workspace.startup as startup; startup.HELPERS.pop('skrt.simulation')"


def test_each_patch_mends_what_it_says(environment: Environment, tmp_path: Path) -> None:
    published = next(environment.folder.glob("lib/python3*/site-packages/skrt"))
    shutil.copytree(published, tmp_path / "skrt", ignore=shutil.ignore_patterns("__pycache__"))
    assert len(PATCHES) == 10
    for patch in PATCHES:
        command = ["patch", "-p1", "--directory", tmp_path, "--input", patch]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
    command = [environment.folder / "bin" / "python", HERE / "data_cases.py", tmp_path / "cases"]
    variables = {**os.environ, "PYTHONPATH": str(tmp_path)}
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300, env=variables)
    assert done.returncode == 0, done.stderr[-3000:]
    facts: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    for case in ("not_square", "brackets", "scaled", "nifti_metres", "table", "clean"):
        seen = facts[case]["published"]
        assert seen["miss_mm"] < 1.5, (case, seen)
        assert abs(seen["value"] - 1000) < 2, (case, seen)
    assert facts["few_points"]["published"] == {"gtv_ml": 1.8}
    assert facts["missing"]["published"]["miss_mm"] > 1.5, "a patch that mends more than it says"
    assert facts["same_names"]["published"] == {"gtv_ml": 1.8}, "the first of that name is found"
    told = subprocess.run(
        [command[0], "-c", WARNED, tmp_path / "cases"], capture_output=True, text=True, check=True, timeout=60,
        env=variables,
    )  # fmt: skip
    assert json.loads(told.stdout.splitlines()[-1]) == {"missing": 1, "tilted": 2, "oblique": 1, "clean": 0, "prone": 0}
    kept = subprocess.run(
        [command[0], "-c", UNMENDED + KEPT], capture_output=True, text=True, check=True, timeout=60, env=variables
    )
    assert kept.stdout.split() == [str(tmp_path / "skrt" / "__init__.py"), "1"], "each state holds the one before"
