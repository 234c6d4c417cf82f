"""The package itself in site-packages, as an installed distribution with its entry points and its start-up file."""

from __future__ import annotations

import base64
import hashlib
import shutil
from pathlib import Path

from skrt_workspace.install import entry_points

NAME = "skrt_workspace"
START_UP = "skrt_workspace.pth"
IGNORED = shutil.ignore_patterns("__pycache__", "*.pyc", ".*")


def install(source: Path, site: Path) -> None:
    """Copy the package folder `source` into `site` and describe it there as a distribution.

    The layout of the description follows the core metadata and "recording installed projects" specifications
    (packaging.python.org).
    """
    target = site / NAME
    if source != target:
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(source, target, ignore=IGNORED)
        _readable_by_all(target)
    (site / START_UP).write_text("import skrt_workspace.startup; skrt_workspace.startup.begin()\n", encoding="utf-8")
    _describe(target, site)


def _describe(package: Path, site: Path) -> None:
    for old in site.glob(f"{NAME}-*.dist-info"):
        shutil.rmtree(old)
    version = content_version(package)
    info = site / f"{NAME}-{version}.dist-info"
    info.mkdir()
    metadata = f"Metadata-Version: 2.1\nName: {NAME.replace('_', '-')}\nVersion: {version}\n"
    (info / "METADATA").write_text(metadata, encoding="utf-8")
    wheel = "Wheel-Version: 1.0\nGenerator: skrt_workspace.install\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    (info / "WHEEL").write_text(wheel, encoding="utf-8")
    (info / "INSTALLER").write_text("skrt_workspace.install\n", encoding="utf-8")
    (info / "entry_points.txt").write_text(entry_points.as_text(), encoding="utf-8")
    files = sorted(path for path in (*package.rglob("*"), *info.rglob("*"), site / START_UP) if path.is_file())
    lines = [_record(path, site) for path in files if "__pycache__" not in path.parts]
    (info / "RECORD").write_text("\n".join([*lines, f"{info.name}/RECORD,,"]) + "\n", encoding="utf-8")


def _record(path: Path, site: Path) -> str:
    data = path.read_bytes()
    digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
    return f"{path.relative_to(site)},sha256={digest},{len(data)}"


def content_version(package: Path) -> str:
    """A version that changes with the package's content: `0+<hash>`."""
    return f"0+{content_hash(package)[:12]}"


def content_hash(package: Path) -> str:
    """The SHA-256 of all the package's files, by name and content; byte code and hidden files do not count."""
    digest = hashlib.sha256()
    for path in sorted(package.rglob("*")):
        parts = path.relative_to(package).parts
        if path.is_file() and "__pycache__" not in parts and not any(part.startswith(".") for part in parts):
            digest.update("/".join(parts).encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def _readable_by_all(folder: Path) -> None:
    """Modes as in any system folder, whatever the umask was: participants may read, nobody but the owner may write."""
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
