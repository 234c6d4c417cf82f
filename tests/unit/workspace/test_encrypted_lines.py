"""An encrypted line does not break because another one of the same thread did."""

from __future__ import annotations

import errno
from types import ModuleType
from typing import Any

import pytest

from skrt_workspace import encrypted_lines, startup


class Line:
    """What tornado's SSLIOStream is to us; it answers with the errors that it was given, then with a number."""

    def __init__(self, *errors: OSError) -> None:
        self._errors = list(errors)

    def read_from_fd(self, data: Any) -> int:
        if self._errors:
            raise self._errors.pop(0)
        return 7

    write_to_fd = read_from_fd


@pytest.fixture
def helped() -> Any:
    """The class as it is after the module was executed."""
    made = type("SSLIOStream", (Line,), {"read_from_fd": Line.read_from_fd, "write_to_fd": Line.write_to_fd})
    module = ModuleType("tornado.iostream")
    encrypted_lines.load_tornado_iostream(module, lambda module: setattr(module, "SSLIOStream", made))
    return made


@pytest.mark.parametrize("name", ["read_from_fd", "write_to_fd"])
def test_the_error_of_another_line_is_passed_over(helped: Any, name: str) -> None:
    assert getattr(helped(), name)(b"") == 7
    for code in (errno.EPIPE, errno.ECONNRESET):
        assert getattr(helped(OSError(code, "of another")), name)(b"") == 7


def test_its_own_error_stays_its_own(helped: Any) -> None:
    broken = OSError(errno.EPIPE, "Broken pipe")
    with pytest.raises(BrokenPipeError):
        helped(BrokenPipeError(errno.EPIPE, "once"), BrokenPipeError(errno.EPIPE, "twice")).read_from_fd(b"")
    with pytest.raises(OSError, match="no such file"):
        helped(OSError(errno.ENOENT, "no such file"), broken).read_from_fd(b"")


def test_every_python_of_the_environment_has_it() -> None:
    room, name = startup.HELPERS["tornado.iostream"]
    assert (room, getattr(encrypted_lines, name)) == (encrypted_lines.__name__, encrypted_lines.load_tornado_iostream)


def test_tornado_has_what_is_helped() -> None:
    from tornado.iostream import SSLIOStream

    assert {"read_from_fd", "write_to_fd"} <= set(vars(SSLIOStream))
