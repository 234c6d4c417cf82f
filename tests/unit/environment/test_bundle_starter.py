"""The program in a bundle says of another machine's bundle what to do, before anything is installed."""

from __future__ import annotations

import hashlib
import json
import platform
import sys
import zipfile
from pathlib import Path

import pytest

from skrt_hub.bundle import starter

PYTHON = "{}.{}".format(*sys.version_info[:2])
OTHER = {"x86_64": "aarch64"}.get(platform.machine(), "x86_64")


@pytest.mark.skipif(sys.platform != "linux", reason="bundles are for Linux")
@pytest.mark.parametrize(
    ("machine", "python", "said"),
    [(OTHER, PYTHON, "--platform linux/"), (platform.machine(), "3.9", "Type: python3.9 ")],
)
def test_a_bundle_for_another_machine_is_refused_with_a_way_out(
    machine: str, python: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "hub.bundle"
    with zipfile.ZipFile(file, "w") as packed:
        packed.writestr("manifest.json", json.dumps({"machine": machine, "hub_python": python}))
        packed.comment = b"0" * starter.DIGEST_LENGTH
    data = file.read_bytes()[: -starter.DIGEST_LENGTH]
    file.write_bytes(data + hashlib.sha256(data).hexdigest().encode())
    assert starter.main(file, ["up"]) == 9
    assert said in capsys.readouterr().err
