"""A class moves from one machine to the cluster and back, with edits on both sides; every file is compared.

`pytest -s` prints how many files had the same hash, mode and time. The hub on the machine is up meanwhile, so the
participants' environment is built where there is none yet.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from .conftest import Hub
from .participant import Participant

PEOPLE = ("carla", "dirk.m@lab-2", "eva_b", "f-g.h@example.org", "gus2")
FILL = r"""
import json, os, pathlib
home = pathlib.Path.home()
notebook = sorted(path for path in home.rglob("*.ipynb") if "/." not in str(path))[0]
document = json.loads(notebook.read_text())
document["cells"].insert(0, {"cell_type": "markdown", "id": "own", "metadata": {}, "source": "my own"})
notebook.write_text(json.dumps(document))
work = home / "work"
(work / "deep" / "er").mkdir(parents=True)
odd = (" a space, 'quotes' & \"more\" ", "line\nbreak", "ü-名前.txt", "-rf", "n" * 250)
for name in ("notes.txt", "both.txt", "here.txt", "there.txt", *odd):
    (work / name).write_text(f"{name} as it was")
(work / "deep" / "er" / os.fsdecode(b"latin-\xe9")).write_bytes(b"\0\xff")
(work / "large").write_bytes(os.urandom(21_000_000))
(work / "empty").touch()
os.link(work / "notes.txt", work / "second name")
for name, target in (("inside", "notes.txt"), ("outside", "/etc/hostname"), ("nowhere", "not/there")):
    (work / name).symlink_to(target)
for name, mode in (("notes.txt", 0o600), ("-rf", 0o444), ("empty", 0o755), ("deep", 0o750)):
    (work / name).chmod(mode)
os.utime(work / "large", ns=(0, 981173106_123456789))
"""
EDIT = """
import pathlib
work = pathlib.Path.home() / "work"
for name in {names}:
    (work / name).write_text(f"{{name}} as edited on the {side}")
"""
LOOK = """
import hashlib, json, os, stat
found, home = {}, os.path.expanduser("~")
for folder, folders, files in os.walk(home):
    if folder == home:
        # What servers themselves write.
        folders[:] = set(folders) - {".cache", ".config", ".ipython", ".jupyter", ".local", ".ipynb_checkpoints"}
    for name in files + folders:
        path = os.path.join(folder, name)
        facts = os.lstat(path)
        if stat.S_ISLNK(facts.st_mode):
            what = "link to " + os.readlink(path)
        elif stat.S_ISDIR(facts.st_mode):
            what = "folder"
        else:
            what = hashlib.file_digest(open(path, "rb"), "sha256").hexdigest()
        # Folders change with what is placed in them; material that was there already keeps its own time.
        own = what != "folder" and folder.startswith(home + "/work")
        found[os.path.relpath(path, home)] = [what, stat.S_IMODE(facts.st_mode), facts.st_mtime_ns if own else 0]
print(json.dumps(found))
"""
Files = dict[str, list[Any]]


@pytest.fixture
def machine() -> Iterator[Hub]:
    """A hub on this machine; removed at the end."""
    folder = Path(tempfile.mkdtemp(prefix="skrt-hub-test-"))
    folder.chmod(0o755)  # where root runs it, participants are users of their own
    one = Hub(folder, name="skrt-hub-test-moving", port=8767)
    one.configure(target="machine")
    one.run("up")
    yield one
    one.run("delete", "--homes", "--no-copies", "--confirm", one.name)
    shutil.rmtree(folder, ignore_errors=True)


def each_runs(hub: Hub, code: str) -> dict[str, str]:
    """Each participant logs in, runs code in an own kernel, and ends the own server; what was printed."""

    async def visit(name: str) -> str:
        async with Participant(hub.url, name) as one:
            await one.log_in()
            await one.server()
            printed = await one.run(code)
            await one.stop_server()
            return printed

    async def all_visit() -> list[str]:
        return await asyncio.gather(*(visit(name) for name in PEOPLE))

    return dict(zip(PEOPLE, asyncio.run(all_visit()), strict=True))


def files_of(hub: Hub) -> dict[str, Files]:
    return {name: json.loads(text) for name, text in each_runs(hub, LOOK).items()}


def restore(hub: Hub, *words: str) -> str:
    done = subprocess.run(hub.command("restore", *words), capture_output=True, text=True, timeout=300, check=False)
    print(done.stdout)
    assert done.returncode == 0, done.stderr
    return done.stdout


def table(title: str, before: dict[str, Files], after: dict[str, Files]) -> None:
    print(f"\n{title}\n{'participant':<20}there  hash  mode  time  new here")
    for name in PEOPLE:
        old, new = before[name], after[name]
        same = [sum(old[path][part] == new.get(path, [None] * 3)[part] for path in old) for part in range(3)]
        print(f"{name:<20}{len(old):5} " + "".join(f"{count:5} " for count in same), sorted(set(new) - set(old)))


def test_a_class_moves_to_the_cluster_and_back(hub: Hub, machine: Hub, tmp_path: Path) -> None:
    copies = str(tmp_path / "copies")
    each_runs(machine, FILL)
    on_machine = files_of(machine)
    machine.run("save", "--to", copies)

    told = restore(hub, "--from", copies)
    assert f"{len(PEOPLE)} passwords came with them" in told
    assert "beside" not in told
    in_pods = files_of(hub)
    table("from the machine to the cluster", on_machine, in_pods)
    assert in_pods == on_machine

    each_runs(hub, EDIT.format(side="cluster", names=["both.txt", "there.txt", "new.txt"]))
    each_runs(machine, EDIT.format(side="machine", names=["both.txt", "here.txt"]))
    in_pods, on_machine = files_of(hub), files_of(machine)
    moved = hub.run("save", *PEOPLE, "--to", copies)["id"]

    restore(machine, "--from", copies)
    back = files_of(machine)
    table("back, into homes in which work had gone on", on_machine, back)
    for name in PEOPLE:
        assert {path: back[name][path] for path in on_machine[name]} == on_machine[name], "work on the machine was lost"
        assert back[name]["work/new.txt"] == in_pods[name]["work/new.txt"]
        for path in ("both", "there"):
            (beside,) = (other for other in back[name] if other.startswith(f"work/{path} (saved"))
            assert back[name][beside] == in_pods[name][f"work/{path}.txt"]

    machine.run("save", "--to", copies)
    restore(machine, "--from", copies, "--at", moved)
    as_moved = files_of(machine)
    table("back, after a save of what was there", in_pods, as_moved)
    for name in PEOPLE:
        assert {path: as_moved[name][path] for path in in_pods[name]} == in_pods[name]
