"""A cluster without a network gets its hub from one file: packed outside, brought to the nodes inside.

Where the tests have no network, SKRT_HUB_TEST_OUTSIDE is what a command is run with that needs one (`nsenter ...`).
"""

from __future__ import annotations

import json
import os
import re
import secrets
import shlex
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from skrt_hub.targets.kubernetes.release.chart import JUPYTERHUB

from .conftest import CHART, LONGEST, NAME, PORT

pytestmark = pytest.mark.skipif(
    bool(os.environ.get("SKRT_HUB_TEST_IMAGE")), reason="a published image is not packed for a node"
)
HUB = f"{NAME}-carried"
OUTSIDE = shlex.split(os.environ.get("SKRT_HUB_TEST_OUTSIDE", ""))
COMMAND = Path(sys.executable).with_name("skrt-hub")


def put_hub(folder: Path, mark: str) -> Path:
    """hub.yaml with material that nobody has had before, so that there is no image of it yet."""
    (folder / "course").mkdir(parents=True)
    (folder / "course" / "mark.txt").write_text(mark, encoding="utf-8")
    settings = {
        "name": HUB,
        "target": "kubernetes",
        "port": PORT + 1,
        "material": [{"name": "course", "folder": "course"}],
        "kubernetes": {
            "time_limit": "5 min",
            "values": {"prePuller": {"hook": {"enabled": False}}},
            "image": {"load": os.environ.get("SKRT_HUB_TEST_LOAD", "")},
        },
    }
    (folder / "hub.yaml").write_text(json.dumps(settings), encoding="utf-8")
    return folder


def fetched_chart(state: Path) -> None:
    """The chart as `helm pull` would leave it."""
    folder = state / "kubernetes" / "charts"
    folder.mkdir(parents=True)
    fetched = folder / f"{JUPYTERHUB.name}-{JUPYTERHUB.pinned}.tgz"
    if Path(CHART).is_file():
        shutil.copyfile(CHART, fetched)
        return
    with tarfile.open(fetched, "w:gz") as packed:
        packed.add(CHART, JUPYTERHUB.name)


def run(folder: Path, *words: object, outside: bool = False, code: int = 0, **more: str) -> str:
    """Run a command in the folder, with a home of its own; what it said."""
    variables = {**os.environ, "HOME": str(folder / "home")}
    if outside:
        variables = {name: value for name, value in os.environ.items() if name != "UV_OFFLINE"}
    done = subprocess.run(
        [*(OUTSIDE if outside else []), *map(str, words)],
        cwd=folder, env=variables | more, capture_output=True, text=True, timeout=LONGEST, check=False,
    )  # fmt: skip
    assert done.returncode == code, f"{words}: {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout + done.stderr


@pytest.fixture
def carried(tmp_path: Path) -> Iterator[Path]:
    """A folder with a bundle that was made elsewhere, on a machine that knows nothing of its image any more."""
    mark = secrets.token_hex(8)
    outside, inside = put_hub(tmp_path / "outside", mark), put_hub(tmp_path / "inside", mark)
    fetched_chart(outside / "state")
    assert "--kubernetes 1.34" in run(
        outside, COMMAND, "bundle", "make", "hub.bundle", "--state", "state", outside=True, code=2, KUBECONFIG="none"
    )
    version = json.loads(
        subprocess.run(["kubectl", "version", "--output=json"], capture_output=True, check=True).stdout
    )
    there = "{major}.{minor}".format(**version["serverVersion"])
    words = ("bundle", "make", "hub.bundle", "--kubernetes", there, "--state", "state")
    told = run(outside, COMMAND, *words, outside=True, KUBECONFIG="none")
    assert "The bundle will have" in told
    named = re.search(r"^localhost/\S+$", run(outside, COMMAND, "image", "name", "--state", "state"), re.MULTILINE)
    assert named
    subprocess.run(["docker", "image", "rm", named[0]], check=True, capture_output=True, timeout=120)
    shutil.move(outside / "hub.bundle", inside / "hub.bundle")
    shutil.rmtree(outside)
    yield inside
    command = inside / "home/.local/bin/skrt-hub"
    if command.exists():
        words = ("delete", "--volumes", "--namespace", "--no-copies", "--confirm", HUB, "--state", "state")
        run(inside, command, *words)


def test_a_cluster_gets_its_hub_from_one_file(carried: Path) -> None:
    python = f"/usr/bin/python{sys.version_info[0]}.{sys.version_info[1]}"
    if not Path(python).exists():
        python = sys.executable
    damaged = carried / "damaged.bundle"
    shutil.copy(carried / "hub.bundle", damaged)
    with damaged.open("r+b") as stream:
        stream.seek(50_000_000)
        byte = stream.read(1)
        stream.seek(-1, 1)
        stream.write(bytes([byte[0] ^ 1]))
    assert "damaged" in run(carried, python, "damaged.bundle", "up", "--state", "state", code=9)
    damaged.unlink()
    run(carried, python, "hub.bundle", "up", "--state", "state")
    command = carried / "home/.local/bin/skrt-hub"
    rows = json.loads(run(carried, command, "verify", "--quick", "--json", "--state", "state"))["rows"]
    assert {row["verdict"] for row in rows} == {"ok"}, rows
    again = run(carried, command, "up", "--bundle", "hub.bundle", "--state", "state")
    assert "images to the cluster" not in again
