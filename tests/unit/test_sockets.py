"""A port that was bound once is nobody else's, whether its socket listens, rests, or was handed on."""

from __future__ import annotations

import itertools
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from skrt_hub import sockets


def taken_by_others(port: int) -> list[tuple[str, int, int]]:
    """Every way in which somebody else can listen there too."""
    found = []
    for host, address, port_option in itertools.product(("127.0.0.1", "0.0.0.0"), (0, 1), (0, 1)):
        with socket.socket() as attempt:
            attempt.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, address)
            attempt.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, port_option)
            try:
                attempt.bind((host, port))
                attempt.listen()
            except OSError:
                continue
            found.append((host, address, port_option))
    return found


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with sockets.listen("127.0.0.1", 0) as found:
        port = found.getsockname()[1]
    with sockets.listen("127.0.0.1", port) as held:  # an own choice of a port, as the hub makes it
        yield held


def test_nobody_joins_a_socket_that_listens_rests_or_wakes(listener: socket.socket) -> None:
    port = listener.getsockname()[1]
    assert taken_by_others(port) == []
    sockets.rest(listener)
    assert taken_by_others(port) == []
    sockets.wake(listener)
    assert taken_by_others(port) == []


def test_a_resting_socket_refuses_and_a_woken_one_answers(listener: socket.socket) -> None:
    address = listener.getsockname()
    with socket.create_connection(address), listener.accept()[0]:
        pass  # closed from our side first: its address waits (TIME_WAIT)
    sockets.rest(listener)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(address)
    sockets.wake(listener)
    with socket.create_connection(address), listener.accept()[0]:
        pass


def test_a_message_carries_its_sockets(listener: socket.socket) -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, theirs:
        sockets.send(ours, {"keep": "hub"}, [listener.fileno()])
        sockets.send(ours, {"drop": "hub"})
        message, descriptors = sockets.receive(theirs) or ({}, [])
        with socket.socket(fileno=descriptors[0]) as copy:
            assert (message, copy.getsockname()) == ({"keep": "hub"}, listener.getsockname())
            assert not copy.get_inheritable()
        assert sockets.receive(theirs) == ({"drop": "hub"}, [])
        ours.close()
        assert sockets.receive(theirs) is None


def test_a_path_of_any_length_can_be_listened_on(tmp_path: Path) -> None:
    folder = tmp_path / ("deep" * 40)
    folder.mkdir()
    with sockets.listen_at_path(folder / "hub.sock", mode=0o666) as listener:
        with sockets.connect_to_path(folder / "hub.sock", deadline=5), listener.accept()[0]:
            pass
        assert (folder / "hub.sock").stat().st_mode & 0o777 == 0o666
