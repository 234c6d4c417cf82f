"""The participants' lock: whole, pinned, hashed, and without addresses."""

from __future__ import annotations

import re
import tomllib

import pytest

from skrt_hub.environment.identity import LOCK_FOLDER, requirements

LINES = requirements().read_text(encoding="utf-8").splitlines()
PIN = re.compile(r"^(?P<name>[a-z0-9][a-z0-9-]*)==(?P<version>[^ ;]+)(?: ; (?P<marker>[^\\]+?))? \\$")
HASH = re.compile(r"^    --hash=sha256:[0-9a-f]{64}(?: \\)?$")


def pinned() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for line in LINES:
        match = PIN.match(line)
        if match:
            found.setdefault(match["name"], []).append(match["version"])
    return found


def test_every_line_is_a_pin_or_a_hash() -> None:
    # This also keeps out options (--index-url, --find-links), addresses, and paths of the machine that made it.
    assert [line for line in LINES if not PIN.match(line) and not HASH.match(line)] == []
    assert "://" not in requirements().read_text(encoding="utf-8")


def test_every_pin_has_a_hash() -> None:
    following = zip(LINES, [*LINES[1:], ""], strict=True)
    assert [line for line, after in following if PIN.match(line) and not HASH.match(after)] == []


def test_the_lock_covers_what_is_wanted() -> None:
    wanted = tomllib.loads((LOCK_FOLDER / "pyproject.toml").read_text(encoding="utf-8"))["project"]["dependencies"]
    names = {re.split(r"[^a-z0-9-]", requirement.lower())[0] for requirement in wanted}
    assert {"scikit-rt", "jupyterhub", "jupyterlab", "ipympl", "nbclassic"} <= names
    assert names - pinned().keys() == set()


def test_niftyreg_for_the_image_is_pinned_and_hashed_too() -> None:
    pin, digest = (LOCK_FOLDER / "niftyreg.txt").read_text(encoding="utf-8").splitlines()
    assert PIN.match(pin)
    assert HASH.match(digest)


def test_the_toolkit_is_the_published_one() -> None:
    assert pinned()["scikit-rt"] == ["0.8.2"]


@pytest.mark.parametrize("name", ["simpleitk", "simpleitk-simpleelastix"])
def test_the_two_packages_of_simpleitk_exclude_each_other(name: str) -> None:
    markers = [match["marker"] for line in LINES if (match := PIN.match(line)) and match["name"] == name]
    expected = {
        "simpleitk": "platform_machine != 'x86_64' or sys_platform != 'linux'",
        "simpleitk-simpleelastix": "platform_machine == 'x86_64' and sys_platform == 'linux'",
    }
    assert markers == [expected[name]]
