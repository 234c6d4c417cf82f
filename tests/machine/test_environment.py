"""A participants' environment that was really built: what it holds, and that damage and interruption are noticed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from skrt_hub.environment import Environment, collect_unused, ensure_environment, find_environment, marker
from skrt_hub.errors import NetworkError, SpaceError
from skrt_hub.targets.kubernetes.image import slim

BUILD = (
    "import sys; from pathlib import Path; from rich.console import Console; from skrt_hub.progress import Shown;"
    "from skrt_hub.environment import ensure_environment;"
    "print(ensure_environment(Path(sys.argv[1]), progress=Shown(Console())).folder, flush=True)"
)


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """An environment that the tests of this module may break: its build was killed at first, then done again."""
    folder = tmp_path_factory.mktemp("environments")
    with subprocess.Popen([sys.executable, "-c", BUILD, str(folder)], stdout=subprocess.PIPE, text=True) as build:
        _wait_for(lambda: any(folder.glob("*/lib/python*/site-packages/skrt/__pycache__")))
        build.send_signal(signal.SIGKILL)
    assert find_environment(folder) is None
    return ensure_environment(folder)


def _wait_for(condition: object, deadline: float = 240.0) -> None:
    until = time.monotonic() + deadline
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < until
        time.sleep(0.05)


def _run(environment: Environment, code: str, **variables: str) -> str:
    clean = {"PATH": f"{environment.bin}:/usr/bin:/bin", "HOME": "/nonexistent", "MPLBACKEND": "agg", **variables}
    command = [environment.python, "-c", code]
    done = subprocess.run(command, env=clean, capture_output=True, text=True, check=False, cwd="/")
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.long
def test_a_killed_build_is_done_again(own: Environment) -> None:
    assert _run(own, "import skrt, SimpleITK; print(hasattr(SimpleITK, 'ElastixImageFilter'))") == "True"


@pytest.mark.long
def test_a_whole_environment_is_left_alone(own: Environment) -> None:
    before = (own.folder / marker.NAME).stat()
    assert ensure_environment(own.folder.parent) == own
    after = (own.folder / marker.NAME).stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)


@contextmanager
def _moved_away(path: Path) -> Iterator[None]:
    times = path.parent.stat()
    hidden = path.with_name(f"{path.name}.hidden")
    path.rename(hidden)
    yield
    hidden.rename(path)
    os.utime(path.parent, ns=(times.st_atime_ns, times.st_mtime_ns))


@pytest.mark.long
@pytest.mark.parametrize(
    "pattern",
    ["bin/elastix", "bin/reg_f3d", "bin/python", "lib/python*/site-packages/skrt", "share/skrt-workspace/phantom",
     "lib/python*/site-packages/SimpleITK/_SimpleITK*.so", "lib/python*/site-packages/pandas/core/frame.py",
     "lib/python*/site-packages/skrt_workspace.pth", "etc/jupyter/jupyter_server_config.json"],
)  # fmt: skip
def test_missing_parts_are_noticed(own: Environment, pattern: str) -> None:
    (path,) = own.folder.glob(pattern)
    with _moved_away(path):
        assert find_environment(own.folder.parent) is None
    assert find_environment(own.folder.parent) == own


@pytest.mark.long
def test_a_changed_program_is_noticed(own: Environment) -> None:
    program = own.bin / "elastix"
    before, times = program.read_bytes(), program.stat()
    program.write_bytes(before[:40])
    damage = marker.damage(own.folder)
    program.write_bytes(before)
    os.utime(program, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert damage == "bin/elastix has changed"
    assert marker.damage(own.folder) is None


@pytest.mark.long
def test_everyone_may_read_and_only_the_owner_may_write(own: Environment) -> None:
    wrong = []
    for root, folders, files in os.walk(own.folder):
        for path in (Path(root, name) for name in (*folders, *files)):
            mode = path.lstat().st_mode
            if not path.is_symlink() and (mode & 0o022 or not mode & 0o004 or (path.is_dir() and not mode & 0o001)):
                wrong.append(path)
    assert wrong == []


@pytest.mark.long
def test_all_byte_code_is_there_and_nothing_is_written_later(own: Environment, tmp_path: Path) -> None:
    _run(own, "import skrt, jupyterlab.labapp, nbclassic.notebookapp, ipykernel.kernelapp, ipympl", HOME=str(tmp_path))
    assert marker.damage(own.folder) is None
    sources = set(own.folder.rglob("site-packages/skrt*/**/*.py"))
    compiled = {path.parent.parent / f"{path.name.split('.')[0]}.py" for path in own.folder.rglob("skrt*/**/*.pyc")}
    assert sources - compiled == set()


@pytest.mark.long
def test_two_builders_at_once_build_once(own: Environment) -> None:
    (own.folder / marker.NAME).unlink()
    command = [sys.executable, "-c", BUILD, str(own.folder.parent)]
    builds = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    said = [build.communicate()[0] for build in builds]
    assert [text.splitlines()[-1] for text in said] == [str(own.folder)] * 2
    assert sum("waiting for it" in text for text in said) == 1
    assert sum("packages: done" in text for text in said) == 1


def test_without_network_it_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UV_OFFLINE", "1")
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "cache"))
    with pytest.raises(NetworkError) as caught:
        ensure_environment(tmp_path / "environments")
    assert "HTTPS_PROXY" in caught.value.remedy
    assert find_environment(tmp_path / "environments") is None


def test_a_full_disk_is_told_before_anything_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("skrt_hub.environment.build.NEEDED_BYTES", 10**18)
    monkeypatch.setattr("skrt_hub.environment.build.NEEDED_WITH_CACHE", 10**18)
    with pytest.raises(SpaceError):
        ensure_environment(tmp_path)
    assert [path for path in tmp_path.iterdir() if path.is_dir()] == []


@pytest.mark.long
def test_unused_environments_go_and_kept_ones_stay(own: Environment) -> None:
    environments = own.folder.parent
    unused = environments / ("0" * 16)
    unused.mkdir()
    (environments / "notes").mkdir(exist_ok=True)
    assert collect_unused(environments, keep={own.hash}) == [unused]
    assert find_environment(environments) == own
    assert (environments / "notes").is_dir()


def test_jupyter_finds_our_settings(environment: Environment, tmp_path: Path) -> None:
    command = [environment.bin / "jupyter-lab", "--show-config-json"]
    clean = {"PATH": f"{environment.bin}:/usr/bin:/bin", "HOME": str(tmp_path)}
    said = subprocess.run(command, env=clean, capture_output=True, text=True, check=True).stdout
    shown = json.loads(said[said.index("\n{") :])
    assert shown["ConnectionFileMixin"]["transport"] == "ipc"
    assert shown["LabApp"]["news_url"] is None
    assert shown["FileContentsManager"]["delete_to_trash"] is False
    kernels = subprocess.run(
        [environment.bin / "jupyter-kernelspec", "list", "--json"],
        env=clean,
        capture_output=True,
        text=True,
        check=True,
    )
    specification = json.loads(kernels.stdout)["kernelspecs"]["python3"]["spec"]
    assert specification["display_name"] == "Python 3 (scikit-rt)"


def test_a_notebook_runs_in_it_over_files_and_not_ports(environment: Environment, tmp_path: Path) -> None:
    code = """
import json, nbformat
from nbclient import NotebookClient
from traitlets.config import Config
cell = nbformat.v4.new_code_cell(
    "from ipykernel.connect import get_connection_info as get; import json, skrt; json.loads(get())['transport']"
)
notebook = nbformat.v4.new_notebook(cells=[cell])
config = Config(); config.KernelManager.transport = "ipc"
NotebookClient(notebook, kernel_name="python3", config=config).execute()
print(notebook.cells[0].outputs[0]["data"]["text/plain"])
"""
    assert _run(environment, code, HOME=str(tmp_path), JUPYTER_RUNTIME_DIR=str(tmp_path)) == "'ipc'"


def test_all_that_is_promised_can_be_imported_and_its_source_read(environment: Environment) -> None:
    slim.check(environment.folder)


def test_the_list_of_fonts_is_read_and_not_made(environment: Environment, tmp_path: Path) -> None:
    _run(environment, "import matplotlib.pyplot", HOME=str(tmp_path))
    assert list(tmp_path.rglob("fontlist-*.json")) == []
    own = tmp_path / ".cache" / "matplotlib"
    _run(
        environment,
        "import skrt_workspace.startup as s; s.HELPERS.clear(); import matplotlib.pyplot",
        HOME=str(tmp_path),
    )
    assert list(own.glob("fontlist-*.json")) != []


def test_start_up_imports_nothing_but_its_own_module(environment: Environment) -> None:
    loaded = _run(environment, "import sys; print([m for m in sys.modules if m.startswith('skrt')])")
    assert loaded == "['skrt_workspace', 'skrt_workspace.startup']"


def test_jupyterlab_starts_from_settings_that_it_knows(environment: Environment) -> None:
    share = environment.folder / "share" / "jupyter"
    lab = share / "lab"
    given = json.loads((lab / "settings" / "overrides.json").read_text())
    for plugin, values in given.items():
        package, name = plugin.split(":")
        of_extension = share / "labextensions" / package / "schemas" / package / f"{name}.json"
        file = of_extension if of_extension.exists() else lab / "schemas" / package / f"{name}.json"
        schema = json.loads(file.read_text())
        assert set(values) <= set(schema["properties"]), plugin
