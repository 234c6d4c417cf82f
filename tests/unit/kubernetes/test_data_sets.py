"""Sets of data on Kubernetes: a volume for each that was fetched, and what fills it."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from skrt_hub.context import Context
from skrt_hub.datasets import fetch, fetched, record
from skrt_hub.errors import ClusterError
from skrt_hub.layout import Layout
from skrt_hub.progress import Silent
from skrt_hub.settings.model import Settings
from skrt_hub.targets.kubernetes.cluster.claims import data_name, in_words, is_home, shared_name
from skrt_hub.targets.kubernetes.homes import data_sets, shared
from skrt_hub.targets.kubernetes.in_server import fill
from skrt_hub.targets.kubernetes.release.data_sets import claim_name, volumes
from skrt_hub.targets.kubernetes.release.values import Facts, render_values


@pytest.fixture
def context(tmp_path: Path) -> Context:
    own = tmp_path / "own"
    (own / "ct").mkdir(parents=True)
    (own / "ct/ä 1").write_text("pixels")
    layout = Layout(tmp_path / "state")
    layout.root.mkdir()
    entries = [{"name": "Scans_1", "folder": str(own)}, {"name": "lctsc", "patients": 1}]
    document = {"target": "kubernetes", "datasets": entries, "kubernetes": {"shared_storage_class": "nfs"}}
    made = Context(Settings.model_validate(document), layout, Silent())
    fetch.fetch(made, made.settings.datasets[:1])
    return made


def cluster(context: Context) -> Any:
    return SimpleNamespace(settings=context.settings, release="class", layout=context.layout, hub_context=context)


def test_only_what_was_fetched_is_a_volume(context: Context) -> None:
    assert fetched(context) == ("Scans_1",)
    known = record.read(context.layout, "Scans_1")
    (claim,) = data_sets.documents(cluster(context), {"Scans_1": known})
    assert claim["spec"]["accessModes"] == ["ReadWriteMany"] and claim["spec"]["storageClassName"] == "nfs"
    assert data_name(claim) == "Scans_1" and in_words(claim) == "data set /data/Scans_1"
    assert not is_home(claim) and not shared_name(claim)
    assert claim["metadata"]["labels"]["release"] == "class"  # delete knows it as ours


def test_servers_mount_it_read_only(context: Context) -> None:
    facts = Facts(
        image="x:1", pulled=False, command=None, login={}, homes="", spawner="", version="1", datasets=("Scans_1",)
    )
    storage = render_values(context.settings, facts)["singleuser"]["storage"]
    name = claim_name("Scans_1")
    claim = {"claimName": name, "readOnly": True}
    assert storage["extraVolumes"][name] == {"name": name, "persistentVolumeClaim": claim}
    assert storage["extraVolumeMounts"][name] == {"name": name, "mountPath": "/data/Scans_1", "readOnly": True}


def test_names_are_told_apart_and_fit_kubernetes() -> None:
    names = ["scans", "Scans", "s.cans", "s-cans", "x" * 64, "x" * 63]
    made = [claim_name(name) for name in names]
    assert len({*made}) == len(names)
    assert all(len(name) < 64 and name.replace("-", "").isalnum() and name == name.lower() for name in made)
    assert [*volumes(["scans"])[0]] == ["skrt-data-scans"]


def test_what_fills_the_volume_tells_the_hash_of_what_it_wrote(context: Context, tmp_path: Path) -> None:
    place = tmp_path / "volume"
    (place / "old").mkdir(parents=True)
    stream = io.BytesIO()
    program = SimpleNamespace(stdin=SimpleNamespace(write=stream.write, close=lambda: None), wait=lambda timeout: 0)
    data_sets._send(context.layout.dataset("Scans_1"), program, lambda done: None)
    words = [sys.executable, "-I", "-c", Path(fill.__file__).read_text(), str(place), record.CITATION]
    done = subprocess.run(words, input=stream.getvalue(), capture_output=True, check=True)
    assert done.stdout.decode().strip() == record.read(context.layout, "Scans_1")["hash"]
    assert (place / "ct/ä 1").read_text() == "pixels" and (place / "CITATION.txt").exists()
    assert not (place / "old").exists()


def test_a_volume_that_was_not_filled_rightly_is_told_and_filled_again(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    known, filled = record.read(context.layout, "Scans_1"), []
    claim = {"metadata": {"name": claim_name("Scans_1"), "uid": "u-1"}}
    there = cluster(context)
    there.kubectl = SimpleNamespace(items=lambda kind: [claim], get=lambda kind, name: claim)

    def failing(*_: Any) -> None:
        filled.append("failed")
        raise ClusterError("the pod went away")

    monkeypatch.setattr(data_sets, "_fill", failing)
    with pytest.raises(ClusterError):
        data_sets.ensure(there)
    monkeypatch.setattr(data_sets, "_fill", lambda *given: filled.append(given[3]["hash"]))
    data_sets.ensure(there)
    data_sets.ensure(there)  # it is filled
    assert filled == ["failed", known["hash"]]
    claim["metadata"]["uid"] = "u-2"  # made anew by somebody
    data_sets.ensure(there)
    assert filled[2:] == [known["hash"]]


def test_a_class_whose_volumes_one_node_mounts_is_told_by_check(context: Context) -> None:
    classes = [{"metadata": {"name": "nfs"}, "provisioner": "ebs.csi.aws.com"}]
    found = shared.judged(context.settings, classes, what="data sets", key="datasets")
    assert found.name == "data sets" and not found.ok and "remove `datasets`" in found.remedy
