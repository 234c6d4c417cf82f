"""A folder that several share: everybody's, whatever made the file, and no place to lay something for another."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from skrt_hub.hub.names import FIRST_GROUP
from skrt_hub.hub.shared_folders import ensure, settle
from skrt_hub.layout import Layout
from skrt_workspace.sandbox import privileges

Hub = Any
ANNA, BOB = FIRST_GROUP - 1000, FIRST_GROUP - 999
INSIDE = "/shared/project"


def shared(hub: Hub) -> Path:
    folder = ensure(Layout(hub.root), "project", root=hub.is_root)
    for path in (hub.root / "hub", hub.root / "shared", folder):
        hub.own(path)
    return folder


def run(hub: Hub, folder: Path, name: str, script: str, *, write: bool = True, member: bool = True) -> str:
    """What a Python script of anna or bob printed; each has a user id of their own where the hub is root."""
    uid = ANNA if name == "anna" else BOB
    changes: dict[str, Any] = {}
    if hub.is_root:
        changes["user"] = {"uid": uid, "gid": uid}
        home = hub.homes / name
        if not home.exists():
            hub.home(name)
        os.chown(home, uid, uid)
    if member:
        gid = folder.stat().st_gid if hub.is_root else None
        changes["shared"] = [{"source": str(folder), "inside": INSIDE, "write": write, "gid": gid}]
    said: str = hub.code(f"import os, stat\nos.chdir({INSIDE if member else '/'!r})\n{script}", name, **changes)
    return said.strip()


TRY = """
def attempt(what, *arguments, **named):
    try:
        return what(*arguments, **named)
    except OSError as error:
        return type(error).__name__
"""


def test_what_one_makes_the_other_can_change_whatever_the_umask(hub: Hub) -> None:
    folder = shared(hub)
    run(hub, folder, "anna", "os.umask(0o077); open('a', 'w').write('1'); os.makedirs('d/e'); open('d/e/b', 'w')")
    said = run(
        hub,
        folder,
        "bob",
        "os.umask(0o077); open('a', 'a').write('2'); open('d/e/c', 'w'); os.remove('d/e/b'); print(open('a').read())",
    )
    assert said == "12"
    assert run(hub, folder, "anna", "open('d/e/c', 'a').write('x'); os.rename('d/e', 'f'); print(os.listdir('f'))")


def test_what_was_made_for_its_owner_alone_is_given_to_the_group(hub: Hub) -> None:
    folder = shared(hub)
    make = (
        "os.close(os.open('private', os.O_CREAT | os.O_WRONLY, 0o600)); os.mkdir('locked', 0o700); "
        "open('locked/x', 'w'); os.chmod('locked', 0o700); os.chmod('locked/x', 0o4700); "
        "os.chown('locked/x', -1, os.getgid())"
    )
    assert run(hub, folder, "anna", make) == ""
    if not hub.is_root:
        assert run(hub, folder, "bob", "print(open('private').read() == '')") == "True", "all are one user"
        return
    assert "PermissionError" in run(hub, folder, "bob", "open('private')")
    assert settle(folder) == 3
    assert (
        run(hub, folder, "bob", "open('private', 'a'); open('locked/x', 'a'); os.remove('locked/x'); print(1)") == "1"
    )
    assert settle(folder) == 0


def test_settling_changes_nothing_that_is_no_participants_or_has_another_name(hub: Hub) -> None:
    if not hub.is_root:
        pytest.skip("only root has anything to give away")
    folder = shared(hub)
    secret = hub.root / "secret"
    secret.write_text("of the hub")
    secret.chmod(0o600)
    os.link(secret, folder / "second-name")
    os.chown(secret, ANNA, ANNA)
    (folder / "root-s").write_text("")
    (folder / "root-s").chmod(0o600)
    (folder / "link").symlink_to(secret)
    os.mkfifo(folder / "pipe", 0o600)
    os.chown(folder / "pipe", ANNA, ANNA)
    assert settle(folder) == 0
    assert secret.stat().st_gid == ANNA
    assert secret.stat().st_mode & 0o777 == 0o600


def test_nobody_is_led_to_own_files_by_a_link_in_it(hub: Hub) -> None:
    folder = shared(hub)
    # As if it had been there before, or been made on a kernel without Landlock.
    (folder / "results.csv").symlink_to("/home/jovyan/thesis.txt")
    hub.own(folder / "results.csv")
    home = hub.home("bob")
    (home / "thesis.txt").write_text("all my work")
    (home / "thesis.txt").chmod(0o666)
    said = run(hub, folder, "bob", f"{TRY}print(attempt(open, 'results.csv', 'w'))")
    assert said == "OSError"
    assert (home / "thesis.txt").read_text() == "all my work"


def test_links_pipes_and_sockets_cannot_be_laid_there_and_can_be_elsewhere(hub: Hub) -> None:
    if privileges.landlock_version() < 2:
        pytest.skip("this kernel has no Landlock that knows about moving files")
    folder = shared(hub)
    script = (
        TRY
        + """
import socket
def listen(path):
    with socket.socket(socket.AF_UNIX) as one:
        one.bind(path)
for place in ("/shared/project/", "/home/jovyan/", "/tmp/"):
    print(attempt(os.symlink, "/etc/passwd", place + "l"), attempt(os.mkfifo, place + "p"),
          attempt(listen, place + "s"),
          attempt(os.mknod, place + "d", stat.S_IFCHR | 0o666, os.makedev(1, 3)))
os.makedirs("/home/jovyan/a/b"); open("/home/jovyan/f", "w"); os.rename("/home/jovyan/f", "/home/jovyan/a/b/f")
os.makedirs("x/y"); open("f", "w"); os.rename("f", "x/y/f"); os.link("x/y/f", "second")
open("prog", "w").write("#!/bin/sh"); os.chmod("prog", 0o6777)
print(attempt(os.rename, "/home/jovyan/l", "moved"), attempt(os.link, "/home/jovyan/f2", "hard"))
"""
    )
    said = run(hub, folder, "anna", script).splitlines()
    assert said[0].split() == ["PermissionError"] * 4
    assert said[1].split() == ["None", "None", "None", "PermissionError"]
    assert said[2].split()[:2] == ["None", "None"]
    assert said[3].split()[0] == "OSError"
    assert sorted(path.name for path in folder.iterdir()) == ["prog", "second", "x"]
    if hub.is_root:
        settle(folder)
        assert (folder / "prog").stat().st_mode & 0o6000 == 0


def test_who_reads_only_cannot_write_and_who_is_not_of_the_group_has_nothing(hub: Hub) -> None:
    folder = shared(hub)
    run(hub, folder, "anna", "open('sheet', 'w').write('read me')")
    script = f"{TRY}print(open('sheet').read(), attempt(open, 'sheet', 'a'), attempt(os.remove, 'sheet'))"
    assert run(hub, folder, "bob", script, write=False) == "read me OSError OSError"
    script = f"print(os.path.exists('/shared'), os.path.exists({str(folder)!r}), os.getgroups())"
    said = run(hub, folder, "bob", script, member=False)
    assert said.startswith("False False")
    assert str(folder.stat().st_gid) not in said or not hub.is_root


def test_without_namespaces_the_same_holds_but_for_links_that_are_there(hub: Hub) -> None:
    if not hub.is_root or privileges.landlock_version() < 2:
        pytest.skip("such a sandbox needs root, and Landlock")
    hub.python = "/usr/bin/python3"  # that of the tests may lie where no other user gets
    folder = shared(hub)
    hub.root.chmod(0o711)

    def confined(name: str, script: str, *, write: bool = True, member: bool = True) -> str:
        uid = ANNA if name == "anna" else BOB
        home = hub.homes / name
        if not home.exists():
            hub.home(name)
        os.chown(home, uid, uid)
        given = [{"source": str(folder), "inside": INSIDE, "write": write, "gid": folder.stat().st_gid}]
        said: str = hub.code(
            f"import os, stat\n{TRY}\nfolder = {str(folder)!r}\n{script}",
            name,
            isolated=False,
            confined=True,
            user={"uid": uid, "gid": uid},
            shared=given if member else [],
        )
        return said.strip()

    made = confined("anna", "open(folder + '/a', 'w').write('1'); print(attempt(os.symlink, '/x', folder + '/l'))")
    assert made == "PermissionError"
    assert confined("bob", "open(folder + '/a', 'a').write('2'); print(open(folder + '/a').read())") == "12"
    assert confined("bob", "print(attempt(open, folder + '/a', 'a'))", write=False) == "PermissionError"
    assert confined("bob", "print(attempt(open, folder + '/a'))", member=False) == "PermissionError"
