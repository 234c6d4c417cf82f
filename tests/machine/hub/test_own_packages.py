"""Packages that a participant installs: in the kernel's own Python, beside the class's, there again after a restart."""

from __future__ import annotations

import asyncio
import base64
import io
import json
import zipfile
from collections.abc import Callable

import pytest

from skrt_hub.bench.participant import Journey, Participant
from tests.support.hubs import Hub

PASSWORD = "correct horse"
WHEEL = "mine-1.0-py3-none-any.whl"


def wheel() -> bytes:
    """A package of one module, which tells its value."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("mine.py", "value = 42\n")
        archive.writestr("mine-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: mine\nVersion: 1.0\n")
        archive.writestr("mine-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr("mine-1.0.dist-info/RECORD", "")
    return content.getvalue()


INSTALLED = f"""
%pip install --no-index /home/jovyan/{WHEEL}
import mine
assert mine.value == 42 and "/.local/" in mine.__file__, mine.__file__
"""
TOOLS = """
import shutil, sys
told = get_ipython().getoutput("pip --version")
assert sys.prefix in told[0], told
for name in ("pip", "pip3", "python", "python3", "ipython", "jupyter", "pydoc3"):
    assert shutil.which(name).startswith(sys.prefix), shutil.which(name)
told = " ".join(get_ipython().getoutput("pip install --no-index 'numpy<2'"))
assert "part of the class's environment" in told, told
"""
# What somebody can do to themselves, and what must stay: the class's numpy, and the server.
BROKEN = """
import pathlib
folder = pathlib.Path(mine.__file__).parent
for name in ("numpy", "tornado", "ipykernel", "jupyter_server"):
    (folder / f"{name}.py").write_text("raise RuntimeError('not this one')")
(folder / "broken.pth").write_text("import nothing_of_this_name")
"""
AGAIN = """
import mine, numpy
assert mine.value == 42 and "/.local/" not in numpy.__file__
told = get_ipython().getoutput("python -c 'import numpy; print(numpy.__file__)' 2>/dev/null")
assert "/.local/" not in told[-1], told
"""
GONE = """
import importlib.util
assert importlib.util.find_spec("mine") is None
"""


async def run(hub: Hub, *cells: str) -> None:
    async with Participant(hub.url, "anna", PASSWORD) as anna:
        await anna.enter(Journey("anna"))
        for cell in cells:
            await anna.execute(cell)


@pytest.mark.long
def test_own_packages_survive_and_break_nothing(make_hub: Callable[..., Hub]) -> None:
    hub = make_hub()
    hub.run("up")
    anna = hub.at_work("anna", PASSWORD)
    content = base64.b64encode(wheel()).decode()
    anna.api("PUT", f"api/contents/{WHEEL}", {"type": "file", "format": "base64", "content": content})
    asyncio.run(run(hub, INSTALLED, TOOLS, BROKEN))
    hub.run("stop")
    hub.run("start")
    hub.at_work("anna", PASSWORD)
    asyncio.run(run(hub, AGAIN))
    listed = json.loads(hub.run("packages", "list", "--json").stdout)
    (package,) = listed["homes"][0]["packages"]
    assert (package["name"], package["version"], package["size"] > 0) == ("mine", "1.0", True)
    assert listed["homes"][0]["other"] > 0, "modules that no package brought"
    told = hub.run("packages", "reset", "anna").stdout
    way_back = next(line.strip() for line in told.splitlines() if "mv -T" in line)
    asyncio.run(run(hub, "assert mine.value == 42  # the kernel that loaded it keeps it"))
    hub.run("participants", "restart", "anna")
    hub.at_work("anna", PASSWORD)
    asyncio.run(run(hub, GONE, f"import subprocess; subprocess.run({way_back!r}, shell=True, check=True)"))
    asyncio.run(run(hub, AGAIN))
