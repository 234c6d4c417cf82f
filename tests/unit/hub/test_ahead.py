"""JupyterHub begun ahead: it becomes the hub with the sockets it is told of, or nothing comes of it."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from skrt_hub.hub import ahead, database, lean
from skrt_hub.layout import Layout

COMMAND = (sys.executable, "-m", ahead.MODULE, "--config", "file")


def pair() -> tuple[socket.socket, socket.socket]:
    return socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)


def sleeper() -> subprocess.Popen[bytes]:
    return subprocess.Popen(["/bin/sleep", "60"])


def test_it_goes_on_with_the_sockets_and_variables_that_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "environ", {"LEFT": "from the supervisor", ahead.STATE_VARIABLE: "/state"})
    ours, theirs = pair()
    process = sleeper()
    with socket.socket() as hub, socket.socket(socket.AF_UNIX) as door:
        given = {"hub": hub.fileno(), "door": door.fileno()}
        listeners = json.dumps({"sockets": given, "entry_points": ["http"]})
        environment = {"NEW": "1", ahead.LISTENERS_VARIABLE: listeners}
        running = ahead.Ahead(process, ours).become(COMMAND, environment, tuple(given.values()))
        try:
            assert running is not None and running.pid == process.pid
            assert ahead.wait_for_order(theirs) == ["--config", "file"]
            assert "LEFT" not in os.environ and os.environ["NEW"] == "1"
            told = json.loads(os.environ[ahead.LISTENERS_VARIABLE])
            assert told["entry_points"] == ["http"]
            for name, original in (("hub", hub), ("door", door)):
                with socket.socket(fileno=told["sockets"][name]) as received:
                    assert received.fileno() != original.fileno()
                    assert os.fstat(received.fileno()).st_ino == os.fstat(original.fileno()).st_ino
        finally:
            process.kill()
        assert asyncio.run(running.wait()) == running.returncode == -9


def test_another_program_or_one_that_has_ended_is_started_as_ever() -> None:
    process = sleeper()
    try:
        assert ahead.Ahead(process, pair()[0]).become(("/bin/true",), {}, ()) is None
    finally:
        process.kill()
        process.wait()
    assert ahead.Ahead(process, pair()[0]).become(COMMAND, {}, ()) is None


def test_without_a_folder_for_its_log_nothing_is_begun(tmp_path: Path) -> None:
    assert ahead.begin(tmp_path / "missing") is None


def test_it_ends_where_the_supervisor_ends_before(tmp_path: Path) -> None:
    """As a second supervisor does, which finds the first one at work."""
    (tmp_path / "log").mkdir()
    begun = ahead.begin(tmp_path)
    assert begun is not None
    begun._channel.close()
    assert begun._process.wait(60) == 0
    assert (tmp_path / "log" / "hub.log").read_text() == ""


def test_what_is_left_out_can_be_imported_afterwards(tmp_path: Path) -> None:
    """In a process of its own, where JupyterHub was not imported before."""
    program = (
        "from skrt_hub.hub import lean\n"
        "with lean.imports(database_is_todays=True):\n"
        "    import jupyterhub.app, jupyterhub.orm\n"
        "import sys, importlib.metadata\n"
        "assert 'alembic' not in sys.modules and jupyterhub.orm.ScriptDirectory.__bases__ == (Exception,)\n"
        "import alembic.command; assert callable(alembic.command.stamp)\n"
        "names = {one.name for one in importlib.metadata.entry_points(group='jupyterhub.proxies')}\n"
        "assert 'configurable-http-proxy' in names, names\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)


@pytest.mark.parametrize("present", [True, False])
def test_a_database_that_is_not_there_yet_is_not_todays(tmp_path: Path, present: bool) -> None:
    layout = Layout(tmp_path)
    layout.hub.mkdir()
    if present:
        layout.database.write_bytes(b"")
    assert not database.is_todays(layout)


def test_the_remembered_entry_points_are_those_of_the_packages() -> None:
    from importlib.metadata import entry_points

    remembered = lean._remembered(entry_points)
    assert set(remembered(group="console_scripts")) == set(entry_points(group="console_scripts"))
