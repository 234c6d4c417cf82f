"""What workers find at /shared and /data: files of shared folders travel with the tasks, sets and data are mounted.

SKRT_HUB_TEST_DASK_CHART=FOLDER   the chart (tests/cluster/prepare_chart.py makes one from a clone)
"""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.support.aside import run_aside

from .conftest import Hub
from .participant import Participant
from .test_shared import CLASS, PLACE, kubectl, on_node, volume
from .test_workers import CHART

pytestmark = pytest.mark.skipif(not CHART, reason="SKRT_HUB_TEST_DASK_CHART names no chart")
VOLUMES = (1, 2, 3)
SHARED = [{"name": "project", "size": "1 GB"}, {"name": "board", "write": False, "size": "1 GB"}]
TRAVEL = """
import json
from pathlib import Path
from skrt_workspace import cohort
for number in range(2):
    folder = Path(f"/shared/project/p{number}")
    folder.mkdir(exist_ok=True)
    (folder / "ct.txt").write_text(f"voxels of {number}")
def task(folder, fetched, mounted):
    import os
    from pathlib import Path
    text = Path(folder, "ct.txt").read_text()
    Path("/shared/project/moved").mkdir(exist_ok=True)
    Path("/shared/project/moved", Path(folder).name + ".txt").write_text(text.upper())
    seen = sorted(str(path) for path in Path("/shared").rglob("*.txt"))
    Path("project/by_link").mkdir(exist_ok=True)
    Path("project/by_link", Path(folder).name).write_text("by the home's link")
    read_only = [place for place in (fetched, mounted) if not os.access(Path(place).parent, os.W_OK)]
    return {"text": text, "data": Path(fetched).read_text() + Path(mounted).read_text(), "seen": seen,
            "read only": len(read_only), "where": os.uname().nodename}
places = {"fetched": "/data/scans/ct/1.txt", "mounted": "/data/atlas/atlas.txt"}
folders = ["/shared/project/p0", "/shared/project/p1"]
cohort.run(task, folders, name="shared", parameters=places, wait=False)
print(cohort.wait("shared"), cohort.errors("shared").to_dict())
for number, row in enumerate(cohort.results("shared").to_dict("records")):
    assert row["where"].startswith("dask-worker-") and row["text"] == f"voxels of {number}", row
    assert row["data"] == "pixelsatlas" and row["read only"] == 2, row
    assert row["seen"] == [f"/shared/project/moved/p{number}.txt", f"/shared/project/p{number}/ct.txt"], row
    assert Path(f"/shared/project/moved/p{number}.txt").read_text() == f"VOXELS OF {number}"
    assert Path(f"/shared/project/by_link/p{number}").read_text() == "by the home's link"
print("arrived")
"""
READ_ONLY = """
from skrt_workspace import cohort
def task(number):
    open("/shared/board/x", "w").write("mine")
cohort.run(task, [1], name="board")
print(cohort.errors("board").to_dict("records"))
"""


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    """A hub with workers, two shared folders, a fetched set of data, and a folder of the node's at /data."""
    folder = tmp_path_factory.mktemp("files")
    one = Hub(folder, name="skrt-hub-files", port=8769)
    one.configure()
    one.run("up")
    image = json.loads((one.state / "kubernetes" / "values.json").read_text())["singleuser"]["image"]
    named = f"{image['name']}:{image['tag']}"
    places = " ".join(f"{PLACE}/{number}" for number in VOLUMES)
    on_node(named, "bash", "-c", f"mkdir -p {places} && chmod 777 {places} && echo -n atlas > {PLACE}/atlas.txt")
    storage = {"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "metadata": {"name": CLASS}}
    made = [storage | {"provisioner": "kubernetes.io/no-provisioner"}, *map(volume, VOLUMES)]
    kubectl("apply", "--filename=-", text=json.dumps({"apiVersion": "v1", "kind": "List", "items": made}))
    (folder / "own/ct").mkdir(parents=True)
    (folder / "own/ct/1.txt").write_text("pixels")
    one.configure(
        limits={"cpu": 1, "memory": "1 GB"},
        cohort={"workers": {"most": 2, "memory": "600 MB"}},
        shared=SHARED,
        data=[{"name": "atlas", "folder": PLACE}],
        datasets=[{"name": "scans", "folder": str(folder / "own"), "licence": "CC0"}],
        kubernetes={"dask_chart": CHART, "shared_storage_class": CLASS},
    )
    one.run("up")
    assert one.run("datasets", "fetch")["sets"][0]["state"] == "there"
    yield one
    one.run("delete", "--volumes", "--namespace", "--no-copies", "--confirm", one.name)
    kubectl("delete", "pv", *(f"{CLASS}-{number}" for number in VOLUMES), "--wait=false", check=False)
    kubectl("delete", "storageclass", CLASS, check=False)
    on_node(named, "rm", "-rf", PLACE)


def test_files_of_shared_folders_travel_to_workers_and_data_is_there(room: Hub) -> None:
    async def session() -> None:
        async with Participant(room.url, "dora") as dora:
            await dora.log_in()
            await dora.server()
            assert "arrived" in await dora.run(TRAVEL)
            told = await dora.run(READ_ONLY)
            assert "could not be laid where it belongs" in told and "Read-only" in told, told

    run_aside(session())
