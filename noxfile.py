"""Runs the linters and the unit tests on every Python that is there: `nox`.

`nox -s machine-3.12` runs the tests on this machine; `nox -s machine-3.13 -- tests/machine/hub/test_lifecycle.py` some.
"""

import nox

nox.options.default_venv_backend = "uv"
nox.options.error_on_missing_interpreters = False
nox.options.sessions = ["lint", "unit"]
PYTHONS = ["3.11", "3.12", "3.13", "3.14"]
CODE = ("src", "tests", "scripts")


def _prepare(session: nox.Session) -> None:
    session.install("--group", "dev", "--editable", ".")


@nox.session(python=PYTHONS)
def lint(session: nox.Session) -> None:
    """Style, types, import rules."""
    _prepare(session)
    session.run("ruff", "check", *CODE)
    session.run("ruff", "format", "--check", *CODE)
    session.run("mypy")
    session.run("lint-imports", "--no-cache")


@nox.session(python=PYTHONS)
def unit(session: nox.Session) -> None:
    """The fast tests."""
    _prepare(session)
    session.run("pytest", "tests/unit", *session.posargs)


@nox.session(python=PYTHONS)
def machine(session: nox.Session) -> None:
    """A real hub, notebooks, a browser."""
    _prepare(session)
    session.run("pytest", *(session.posargs or ("tests/machine", "-m", "not long")))
