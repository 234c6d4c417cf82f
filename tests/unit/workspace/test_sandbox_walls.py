"""What a sandbox without namespaces lets its participant open: the list that Landlock is given."""

from __future__ import annotations

from pathlib import Path

import pytest

from skrt_workspace.sandbox import walls
from skrt_workspace.sandbox.document import Bind, SandboxDocument, Shared, User
from skrt_workspace.sandbox.errors import DocumentError, HostForbidsError

WRITE, READ, LIST, EXECUTE, MAKE_FILE = 2, 4, 8, 1, 1 << 8


def document(home: Path, **more: object) -> SandboxDocument:
    values = {"home": str(home), "command": ("/bin/true",), "user": User(212345, 212345)}
    return SandboxDocument(**values, isolated=False, confined=True, **more)  # type: ignore[arg-type]


def test_only_the_home_and_the_own_place_can_be_written_to(tmp_path: Path) -> None:
    allowed = dict(walls.rules(document(tmp_path), 7))
    assert allowed[str(tmp_path)] & (WRITE | MAKE_FILE | EXECUTE) == WRITE | MAKE_FILE | EXECUTE
    writable = {path for path, access in allowed.items() if access & MAKE_FILE}
    assert writable - {"/dev/shm", "/dev/pts"} <= {str(tmp_path), "/run/skrt/212345"}


@pytest.mark.parametrize("closed", ["/", "/etc", "/root", "/home", "/tmp", "/var", "/run", "/dev", "/opt"])
def test_folders_that_hold_things_of_others_are_not_open(tmp_path: Path, closed: str) -> None:
    assert closed not in dict(walls.rules(document(tmp_path), 7))


def test_what_is_shown_can_be_read_and_not_changed(tmp_path: Path) -> None:
    home, shown = tmp_path / "home", tmp_path / "shown"
    home.mkdir()
    shown.mkdir()
    allowed = dict(walls.rules(document(home, read_only=(Bind(str(shown), "/data/shown"),)), 7))
    assert allowed[str(shown)] & (READ | LIST) == READ | LIST
    assert not allowed[str(shown)] & (WRITE | MAKE_FILE)


@pytest.mark.parametrize(("version", "shown"), [(2, False), (3, True), (7, True)])
def test_a_shared_folder_to_read_is_shown_only_where_it_cannot_be_emptied(
    tmp_path: Path, version: int, shown: bool
) -> None:
    home, sheets, drop = (tmp_path / name for name in ("home", "sheets", "drop"))
    for folder in (home, sheets, drop):
        folder.mkdir()
    shared = (Shared(str(sheets), "/shared/sheets"), Shared(str(drop), "/shared/drop", write=True))
    allowed = dict(walls.rules(document(home, shared=shared), version))
    assert (str(sheets) in allowed) is shown
    assert allowed[str(drop)] & WRITE


def test_a_rule_for_a_file_speaks_of_files_only(tmp_path: Path) -> None:
    assert dict(walls.rules(document(tmp_path), 7))["/dev/null"] & (LIST | MAKE_FILE) == 0


@pytest.mark.parametrize("version", [2, 3, 4, 5, 6, 7])
def test_no_rule_asks_for_more_than_the_kernel_knows(tmp_path: Path, version: int) -> None:
    known = walls.handled(version)
    assert all(access and access | known == known for _, access in walls.rules(document(tmp_path), version))


def test_a_kernel_without_it_is_told_in_words(tmp_path: Path) -> None:
    with pytest.raises(HostForbidsError, match="no Landlock"):
        walls.rules(document(tmp_path), 0)


def test_it_needs_a_user_of_its_own(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match="confined"):
        SandboxDocument(home=str(tmp_path), command=("/bin/true",), isolated=False, confined=True)


def test_temporary_files_have_a_place_of_their_own(tmp_path: Path) -> None:
    assert walls.variables(document(tmp_path)) == {"TMPDIR": "/run/skrt/212345/tmp"}
