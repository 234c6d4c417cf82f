"""What a bundle holds is listed in it, for a machine with one environment and for a cluster's images."""

from __future__ import annotations

import json
from pathlib import Path

from skrt_hub.bundle.parts_list import parts_list

WHEELS = [("numpy", "2.5.5", "a" * 64), ("itk-core", "5.4+local", "b" * 64)]


def test_every_wheel_is_listed_with_its_hash(tmp_path: Path) -> None:
    lock = tmp_path / "lock.txt"
    lock.write_text("scipy==1.17 \\\n    --hash=sha256:0\n", encoding="utf-8")
    listed = json.loads(parts_list("1.0", WHEELS, (), [lock]))
    assert (listed["bomFormat"], listed["metadata"]["component"]["version"]) == ("CycloneDX", "1.0")
    assert [(part["name"], part["hashes"][0]["content"][0]) for part in listed["components"]] == [
        ("itk-core", "b"),
        ("numpy", "a"),
    ]
    assert listed["components"][0]["purl"] == "pkg:pypi/itk-core@5.4%2Blocal"


def test_of_a_cluster_the_images_are_listed_and_the_packages_in_them(tmp_path: Path) -> None:
    lock = tmp_path / "lock.txt"
    lock.write_text("scipy==1.17 ; python_version >= '3.12' \\\n    --hash=sha256:0\nnumpy==2.5.5\n", encoding="utf-8")
    images = ("registry.example.org:5000/hub:4.4.0",)
    listed = json.loads(parts_list("1.0", WHEELS, images, [lock, lock]))["components"]
    assert [part["name"] for part in listed] == ["itk-core", "numpy", "scipy", "registry.example.org:5000/hub"]
    assert listed[-1]["version"] == "4.4.0"
    assert len({part["bom-ref"] for part in listed}) == len(listed)
