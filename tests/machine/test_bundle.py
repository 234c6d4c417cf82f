"""A hub from one file: another user, another path, no cache, and a network namespace that has loopback alone."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = [
    pytest.mark.long,
    pytest.mark.timeout(3600),  # an environment is built, on a machine that may be busy
    pytest.mark.skipif(os.geteuid() != 0, reason="only root makes a network namespace and another user's process"),
]
SOMEBODY = 12_345
PYTHON = f"/usr/bin/python{sys.version_info[0]}.{sys.version_info[1]}"
COMMAND = Path(sys.executable).with_name("skrt-hub")


@pytest.fixture(scope="module")
def inside() -> Iterator[Path]:
    """A folder of that user's, with a bundle that was just made in it."""
    if not Path(PYTHON).exists():
        pytest.skip(f"the other user needs {PYTHON}")
    folder = Path("/tmp/skrt-hub-test-bundle/an other place")  # deep below pytest's own nobody else may go
    shutil.rmtree(folder.parent, ignore_errors=True)
    (folder / "home").mkdir(parents=True)
    # A further environment, with a package that the first does not have.
    (folder / "hub.yaml").write_text("environment:\n  others: [{name: tables, packages: [prettytable]}]\n")
    made = subprocess.run(
        [COMMAND, "bundle", "make", folder / "hub.bundle"], cwd=folder, capture_output=True, text=True, check=False
    )
    assert made.returncode == 0, made.stderr
    assert "will have" in made.stdout + made.stderr
    for path in (folder.parent, folder, folder / "home", folder / "hub.bundle", folder / "hub.yaml"):
        os.chown(path, SOMEBODY, SOMEBODY)
    yield folder
    there(folder, folder / "home/.local/bin/skrt-hub", "stop")
    shutil.rmtree(folder.parent, ignore_errors=True)


def there(folder: Path, *words: str | Path) -> subprocess.CompletedProcess[str]:
    """Run a program as the other user, who has nothing and reaches nobody."""
    user = ("setpriv", "--reuid", SOMEBODY, "--regid", SOMEBODY, "--clear-groups", "--bounding-set=-all")
    clean = ("env", "-i", "PATH=/usr/bin:/bin", "LANG=C.UTF-8", f"HOME={folder / 'home'}")
    command = ("unshare", "--net", "sh", "-c", 'ip link set lo up && exec "$@"', "sh", *user, *clean, *words)
    return subprocess.run([*map(str, command)], cwd=folder, capture_output=True, text=True, check=False)


def test_a_hub_comes_up_without_a_network(inside: Path) -> None:
    up = there(inside, PYTHON, "hub.bundle", "up")
    assert up.returncode == 0, up.stdout + up.stderr
    verified = there(inside, inside / "home/.local/bin/skrt-hub", "verify", "--quick", "--json")
    assert verified.returncode == 0, verified.stdout + verified.stderr
    assert {row["environment"] for row in json.loads(verified.stdout)["rows"]} == {"", "tables"}
    with zipfile.ZipFile(inside / "hub.bundle") as packed:
        listed = {part["name"] for part in json.loads(packed.read("sbom.cdx.json"))["components"]}
    assert {"scikit-rt", "prettytable", "jupyterhub"} <= listed


def test_a_changed_byte_is_refused(inside: Path) -> None:
    damaged = inside / "damaged.bundle"
    shutil.copy(inside / "hub.bundle", damaged)
    with damaged.open("r+b") as stream:
        stream.seek(200_000_000)
        byte = stream.read(1)
        stream.seek(-1, 1)
        stream.write(bytes([byte[0] ^ 1]))
    started = there(inside, PYTHON, "damaged.bundle", "up")
    assert started.returncode == 9
    assert "damaged" in started.stderr
    asked = there(inside, inside / "home/.local/bin/skrt-hub", "up", "--bundle", damaged)
    assert asked.returncode == 2
    assert "no bundle that can be used" in asked.stderr
