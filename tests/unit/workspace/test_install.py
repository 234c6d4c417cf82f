"""The installation's steps that need no environment: the package as a distribution, entry points, pruning, settings."""

from __future__ import annotations

import base64
import hashlib
import importlib.util
import subprocess
from importlib.metadata import PathDistribution
from pathlib import Path

import pytest

from skrt_workspace.install import bytecode, commands, entry_points, jupyter, package, phantom, prune


@pytest.fixture
def source(tmp_path: Path) -> Path:
    made = tmp_path / "source" / "skrt_workspace"
    (made / "room").mkdir(parents=True)
    (made / "__init__.py").write_text("")
    (made / "room" / "module.py").write_text("value = 1\n")
    (made / "__pycache__").mkdir()
    (made / "__pycache__" / "old.pyc").write_bytes(b"old")
    return made


def test_every_entry_point_names_something_that_is_there() -> None:
    modules = [where.split(":")[0] for group in entry_points.ENTRY_POINTS.values() for where in group.values()]
    for module in [*modules, *entry_points.SERVER_EXTENSIONS]:
        assert importlib.util.find_spec(module) is not None, module


def test_the_provisioner_of_the_kernel_is_an_entry_point() -> None:
    known = entry_points.ENTRY_POINTS.get("jupyter_client.kernel_provisioners", {})
    assert entry_points.KERNEL_PROVISIONER in ("", *known)


def test_the_package_is_an_installed_distribution(source: Path, tmp_path: Path) -> None:
    site = tmp_path / "site"
    site.mkdir()
    package.install(source, site)
    (info,) = site.glob("skrt_workspace-*.dist-info")
    distribution = PathDistribution(info)
    assert distribution.metadata["Name"] == "skrt-workspace"
    assert {(point.group, point.name) for point in distribution.entry_points} == {
        (group, name) for group, entries in entry_points.ENTRY_POINTS.items() for name in entries
    }
    recorded = {str(file): file.hash for file in distribution.files or []}
    assert {"skrt_workspace/room/module.py", "skrt_workspace.pth"} <= recorded.keys()
    assert not any(name.endswith(".pyc") for name in recorded)
    digest = hashlib.sha256((site / "skrt_workspace/room/module.py").read_bytes()).digest()
    stated = recorded["skrt_workspace/room/module.py"]
    assert stated is not None
    assert stated.value == base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def test_installing_again_replaces_what_was_there(source: Path, tmp_path: Path) -> None:
    site = tmp_path / "site"
    site.mkdir()
    package.install(source, site)
    (source / "room" / "module.py").rename(source / "room" / "other.py")
    package.install(source, site)
    assert len(list(site.glob("skrt_workspace-*.dist-info"))) == 1
    assert [path.name for path in (site / "skrt_workspace" / "room").iterdir()] == ["other.py"]


def test_the_version_follows_the_content_and_not_byte_code(source: Path) -> None:
    before = package.content_version(source)
    (source / "__pycache__" / "new.pyc").write_bytes(b"new")
    assert package.content_version(source) == before
    (source / "room" / "module.py").write_text("value = 2\n")
    assert package.content_version(source) != before


def test_pruning_removes_what_is_listed_and_nothing_else(tmp_path: Path) -> None:
    prefix, site = tmp_path, tmp_path / "lib" / "site-packages"
    gone = [
        "pandas/tests/test_a.py",
        "numpy/linalg/tests/test_b.py",
        "babel/locale-data/fr.dat",
        "jupyterlab/static/a.js.map",
    ]
    stays = ["pandas/core/frame.py", "numpy/testing/__init__.py", "babel/locale-data/de.dat", "skrt/data/p.txt",
             "jinja2/tests.py"]  # fmt: skip
    for name in (*gone, *stays):
        path = site / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")
    assert prune.prune(prefix, site) == len(gone)
    assert [name for name in gone if (site / name).exists()] == []
    assert [name for name in stays if not (site / name).exists()] == []


def test_one_of_three_copies_of_a_library_stays(tmp_path: Path) -> None:
    folder = tmp_path / "lib" / "_gdcm"
    folder.mkdir(parents=True)
    for name in ("libgdcmMSFF.so", "libgdcmMSFF.so.3.2", "libgdcmMSFF.so.3.2.6", "libgdcmopenjp2.so.7", "_gdcmswig.so",
                 "gdcmswig.py", "gdcmdump"):  # fmt: skip
        (folder / name).write_text("x")
    prune.prune(tmp_path, tmp_path / "lib")
    left = {path.name for path in folder.iterdir()}
    assert left == {"libgdcmMSFF.so.3.2", "libgdcmopenjp2.so.7", "_gdcmswig.so", "gdcmswig.py"}


def test_names_of_other_pythons_tools_are_taken(tmp_path: Path) -> None:
    programs, system = tmp_path / "bin", tmp_path / "system"
    programs.mkdir()
    system.mkdir()
    for name in ("pip", "pip3.11", "pydoc3", "wheel", "python3.11", "ls", "pipe-viewer"):
        (system / name).write_text("the system's")
    (programs / "pip").write_text("ours")
    commands.hide_others(tmp_path, [system, tmp_path / "missing"])
    assert {path.name for path in programs.iterdir()} == {"pip", "pip3.11", "pydoc3", "wheel"}
    assert (programs / "pip").read_text() == "ours"
    done = subprocess.run([programs / "pip3.11"], capture_output=True, text=True, check=False)
    assert done.returncode == 1 and "pip3.11 belongs to another Python" in done.stderr


def test_byte_code_is_taken_over_only_from_the_same_source(tmp_path: Path) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    for folder in (old, new):
        folder.mkdir()
        (folder / "same.py").write_text("value = 1\n")
    (old / "changed.py").write_text("value = 1\n")
    (new / "changed.py").write_text("value = 2\n")
    assert bytecode.compile_all(old) == 2
    assert bytecode.compile_all(new, old) == 1
    assert len(list(new.rglob("*.pyc"))) == 2
    assert bytecode.compile_all(new, old) == 0


def test_the_phantom_is_taken_over_only_from_the_same_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code, like, prefix = tmp_path / "code", tmp_path / "like", tmp_path / "new"
    (code / "phantom").mkdir(parents=True)
    (code / "phantom" / "__init__.py").write_text("")
    (like / phantom.FOLDER_IN_PREFIX).mkdir(parents=True)
    (like / phantom.FOLDER_IN_PREFIX / "ct.dcm").write_text("ct")
    (like / phantom.STAMP_IN_PREFIX).write_text(package.content_hash(code / "phantom"))
    phantom.make(prefix, code, like)
    assert (prefix / phantom.FOLDER_IN_PREFIX / "ct.dcm").read_text() == "ct"
    made: list[object] = []
    monkeypatch.setattr("subprocess.run", lambda command, **_: made.append(command))
    (code / "phantom" / "__init__.py").write_text("changed = True\n")
    phantom.make(prefix, code, like)
    assert len(made) == 1


def test_the_kernel_has_our_name_and_keeps_the_rest() -> None:
    original = {"argv": ["python", "-m", "ipykernel_launcher"], "display_name": "x", "metadata": {"debugger": True}}
    ours = jupyter.kernel_description(original)
    assert ours["display_name"] == "Python 3 (scikit-rt)"
    assert ours["argv"] == original["argv"]
    assert ours["metadata"]["debugger"] is True
