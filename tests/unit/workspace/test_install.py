"""The installation's steps that need no environment: the package as a distribution, entry points, pruning, settings."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import tomllib
import zipfile
from pathlib import Path

import pytest

from skrt_hub.environment import workspace
from skrt_workspace.install import bytecode, commands, jupyter, phantom, prune
from skrt_workspace.install.content import content_hash, files_of

PROJECT = tomllib.loads((workspace.PROJECT / "pyproject.toml").read_text())["project"]


def test_every_entry_point_names_something_that_is_there() -> None:
    tables = (PROJECT["scripts"], *PROJECT["entry-points"].values())
    modules = [where.split(":")[0] for table in tables for where in table.values()]
    for module in [*modules, *jupyter.SERVER_EXTENSIONS]:
        assert importlib.util.find_spec(module) is not None, module


def test_the_provisioner_of_the_kernel_is_an_entry_point() -> None:
    assert jupyter.KERNEL_PROVISIONER in PROJECT["entry-points"]["jupyter_client.kernel_provisioners"]


def test_the_wheel_is_a_distribution_with_all_its_files_and_is_made_without_a_network(tmp_path: Path) -> None:
    workspace.write_project(tmp_path / "project")
    wheel = workspace.build_wheel(tmp_path / "project", tmp_path / "wheel")
    again = workspace.build_wheel(tmp_path / "project", tmp_path / "again")
    assert wheel.read_bytes() == again.read_bytes()
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    package = workspace.package_folder()
    here = {f"skrt_workspace/{path.relative_to(package).as_posix()}" for path in files_of(package)}
    assert here == {name for name in names if name.startswith("skrt_workspace/") and not name.endswith("/")}
    assert f"skrt_workspace-{PROJECT['version']}.data/purelib/skrt_workspace.pth" in names
    assert f"skrt_workspace-{PROJECT['version']}.dist-info/entry_points.txt" in names


def test_a_hash_follows_the_content_and_not_byte_code(tmp_path: Path) -> None:
    (tmp_path / "__pycache__").mkdir()
    (tmp_path / "module.py").write_text("value = 1\n")
    before = content_hash(tmp_path)
    (tmp_path / "__pycache__" / "new.pyc").write_bytes(b"new")
    assert content_hash(tmp_path) == before
    (tmp_path / "module.py").write_text("value = 2\n")
    assert content_hash(tmp_path) != before


def test_pruning_removes_what_is_listed_and_nothing_else(tmp_path: Path) -> None:
    prefix, site = tmp_path, tmp_path / "lib" / "site-packages"
    gone = [
        "pandas/tests/test_a.py",
        "numpy/linalg/tests/test_b.py",
        "babel/locale-data/fr.dat",
        "jupyterlab/static/a.js.map",
        "bokeh/server/static/js/bokeh-gl.js",
        "bokeh/server/static/js/lib/models/tools.js",
        "widgetsnbextension/static/extension.js.map",
        "nbclassic/static/components/MathJax/extensions/a11y/mathmaps/mathmaps_ie.js",
        "nbclassic/static/components/jquery-ui/dist/jquery-ui.js",
        "nbclassic/static/components/jquery-ui/dist/themes/base/theme.css",
        "nbclassic/static/components/moment/min/moment-with-locales.min.js",
        "jupyterlab/static/0123.eot",
        "sklearn/metrics/_dist_metrics.pyx.tp",
    ]
    stays = ["pandas/core/frame.py", "numpy/testing/__init__.py", "babel/locale-data/de.dat", "skrt/data/p.txt",
             "jinja2/tests.py", "bokeh/server/static/js/bokeh-gl.min.js",
             "widgetsnbextension/static/extension.js", "jupyterlab/static/0123.woff2",
             "nbclassic/static/components/MathJax/extensions/MathMenu.js",
             "nbclassic/static/components/jquery-ui/dist/jquery-ui.min.js",
             "nbclassic/static/components/jquery-ui/dist/themes/smoothness/jquery-ui.min.css",
             "nbclassic/static/components/moment/min/moment-with-locales.js"]  # fmt: skip
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


def test_byte_code_of_some_packages_comes_first(tmp_path: Path) -> None:
    for name in ("numpy", "pip"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "module.py").write_text("value = 1\n")
    assert bytecode.compile_all(tmp_path, None, ["numpy", "missing"]) == 1
    assert [path.parent.parent.name for path in tmp_path.rglob("*.pyc")] == ["numpy"]
    assert bytecode.compile_all(tmp_path) == 1


def test_the_phantom_is_taken_over_only_from_the_same_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code, like, prefix = tmp_path / "code", tmp_path / "like", tmp_path / "new"
    (code / "phantom").mkdir(parents=True)
    (code / "phantom" / "__init__.py").write_text("")
    (like / phantom.FOLDER_IN_PREFIX).mkdir(parents=True)
    (like / phantom.FOLDER_IN_PREFIX / "ct.dcm").write_text("ct")
    (like / phantom.STAMP_IN_PREFIX).write_text(content_hash(code / "phantom"))
    phantom.make(prefix, code, like)
    assert (prefix / phantom.FOLDER_IN_PREFIX / "ct.dcm").read_text() == "ct"
    (code / "phantom" / "__init__.py").write_text("changed = True\n")
    monkeypatch.setattr("subprocess.Popen", Generator)
    wait = phantom.begin(prefix, code, like)
    assert (prefix / phantom.STAMP_IN_PREFIX).read_text() != content_hash(code / "phantom")  # nobody takes it for whole
    wait()
    assert (prefix / phantom.STAMP_IN_PREFIX).read_text() == content_hash(code / "phantom")
    monkeypatch.setattr(Generator, "code", 1)
    (code / "phantom" / "__init__.py").write_text("broken = True\n")
    with pytest.raises(subprocess.CalledProcessError):
        phantom.make(prefix, code, like)
    assert (prefix / phantom.STAMP_IN_PREFIX).read_text() != content_hash(code / "phantom")


class Generator:
    """In place of the program that makes the phantom."""

    code = 0

    def __init__(self, command: list[str], **_: object) -> None:
        self.args, self.returncode = command, self.code

    def wait(self) -> int:
        return self.returncode


def test_the_kernel_has_our_name_and_keeps_the_rest() -> None:
    original = {"argv": ["python", "-m", "ipykernel_launcher"], "display_name": "x", "metadata": {"debugger": True}}
    ours = jupyter.kernel_description(original)
    assert ours["display_name"] == "Python 3 (scikit-rt)"
    assert ours["argv"] == original["argv"]
    assert ours["metadata"]["debugger"] is True


def test_jupyterlab_finds_nothing_to_add_to_its_file_in_the_environment() -> None:
    # It writes `lockedExtensions` where there is none (jupyterlab.commands, _maybe_mirror_disabled_in_locked).
    settings = jupyter.page_settings()
    assert settings["lockedExtensions"] == settings["disabledExtensions"] != {}


def test_every_script_of_ours_has_a_name_that_changes_with_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Browsers keep them for ever: one that was forgotten would stay as it was after an upgrade."""
    monkeypatch.setattr(
        "skrt_workspace.install.niivue.add", lambda folder: (folder / "niivue.js").write_text("// not ours")
    )
    jupyter.add_lab_extension(tmp_path)
    scripts = {path.name: path.read_text() for path in tmp_path.rglob("*.js")}
    assert scripts
    names = re.compile(r"[a-zA-Z]+\.[0-9a-f]{12}\.js")
    assert [name for name in scripts if not names.fullmatch(name)] == []
    asked = {name for text in scripts.values() for name in re.findall(r"'\./([\w.]+\.js)'", text)}
    assert asked <= set(scripts), "each finds the others"
