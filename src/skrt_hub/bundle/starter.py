"""The program in a bundle: `python3 FILE` installs the command skrt-hub from it, `python3 FILE up` also starts a hub.

It is copied into the bundle as `__main__.py`, and has nothing but Python's own library. No network is asked.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

HUB, DIGEST_LENGTH = "hub/", 64
_PLATFORMS = {"x86_64": "linux/amd64", "aarch64": "linux/arm64"}


def main(file: Path, words: list[str]) -> int:
    """Install, then run what was typed. 9: the file is damaged, or for another machine."""
    with file.open("rb") as stream:
        data = hashlib.sha256()
        left = file.stat().st_size - DIGEST_LENGTH
        while left > 0 and (piece := stream.read(min(4 << 20, left))):
            data.update(piece)
            left -= len(piece)
        if stream.read() != data.hexdigest().encode():
            return _refuse(f"{file} is damaged: its bytes do not have the SHA-256 at its end. Copy it again.")
    with zipfile.ZipFile(file) as packed:
        made = json.loads(packed.read("manifest.json"))
        here = (sys.platform, platform.machine(), "{}.{}".format(*sys.version_info[:2]))
        if here != ("linux", made["machine"], made["hub_python"]):
            wanted = f"Linux on {made['machine']} and Python {made['hub_python']}"
            found = f"{here[0]} on {here[1]} and Python {here[2]}"
            there = _PLATFORMS.get(here[1])
            remedy = f"Type: python{made['hub_python']} {file}"
            if here[:2] != ("linux", made["machine"]):
                remedy = f"Make one with: skrt-hub bundle make FILE --platform {there}" if there else "None fits here."
            return _refuse(f"{file} is for {wanted}; this is {found}. {remedy}")
        data_folder = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
        folder = data_folder / "skrt-hub-command" / data.hexdigest()[:16]
        if not (folder / "whole").exists():
            _install(packed, folder)
    command = folder / "bin" / "skrt-hub"
    _link(command)
    if not words:
        print(f"skrt-hub is installed: {command}\nStart a hub: {command} up --bundle {file}")
        return 0
    more = ["--bundle", str(file)] if words[0] == "up" else []
    os.execv(command, [str(command), *words, *more])  # noqa: S606 - it takes this program's place
    return 0


def _install(packed: zipfile.ZipFile, folder: Path) -> None:
    print("Installing skrt-hub from the bundle", file=sys.stderr)
    shutil.rmtree(folder, ignore_errors=True)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="skrt-hub-bundle-", dir=folder.parent) as work:
        packed.extractall(work, [name for name in packed.namelist() if name.startswith(HUB)])
        wheels = Path(work, HUB)
        with zipfile.ZipFile(next(wheels.glob("uv-*.whl"))) as wheel:
            inside = next(name for name in wheel.namelist() if name.endswith("/bin/uv") or name.endswith("scripts/uv"))
            uv = Path(wheel.extract(inside, work))
        uv.chmod(0o755)
        clean = {
            name: value for name, value in os.environ.items() if not name.startswith(("UV_", "PYTHON", "VIRTUAL_ENV"))
        }
        options = ("--offline", "--no-config", "--no-cache", "--quiet")
        python = folder / "bin" / "python"
        _run([uv, "venv", *options, "--no-project", "--python", sys.executable, folder], clean)
        install = ("pip", "install", *options, "--no-index", "--find-links", wheels, "--require-hashes", "--no-deps")
        _run([uv, *install, "--compile-bytecode", "--python", python, "-r", wheels / "hub.txt"], clean)
    (folder / "whole").touch()


def _run(words: list[str | Path], environment: dict[str, str]) -> None:
    done = subprocess.run([*map(str, words)], env=environment, check=False)
    if done.returncode:
        sys.exit(done.returncode)


def _link(command: Path) -> None:
    """A short name for it where programs of one's own lie, unless another one is there."""
    link = Path.home() / ".local" / "bin" / "skrt-hub"
    if link.is_symlink() and "skrt-hub-command" in str(link.readlink()):
        link.unlink()
    if not link.is_symlink() and not link.exists():
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(command)


def _refuse(words: str) -> int:
    print(f"Error: {words}", file=sys.stderr)
    return 9


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[0]).absolute(), sys.argv[1:]))
