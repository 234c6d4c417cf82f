"""Runs the unit tests on every Python that is there: `nox`; `nox -s machine-3.12` for the tests on this machine."""

import nox

nox.options.default_venv_backend = "uv"
nox.options.error_on_missing_interpreters = False
nox.options.sessions = ["unit"]
PYTHONS = ["3.11", "3.12", "3.13", "3.14"]


def _prepare(session: nox.Session) -> None:
    session.install("--group", "dev", "--editable", ".")


@nox.session(python=PYTHONS)
def unit(session: nox.Session) -> None:
    """The fast tests."""
    _prepare(session)
    session.run("pytest", "tests/unit", *session.posargs)


@nox.session(python=PYTHONS)
def machine(session: nox.Session) -> None:
    """A real hub, notebooks, a browser."""
    _prepare(session)
    session.run("pytest", "tests/machine", "-m", "not long", *session.posargs)


@nox.session(python=["3.13"])
def lint(session: nox.Session) -> None:
    """Style, types, import rules."""
    session.run("make", "lint", external=True)
