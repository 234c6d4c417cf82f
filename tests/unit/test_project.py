"""The files around the code: what they name exists; the site and the package index show what the repository shows."""

from __future__ import annotations

import importlib.util
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

ROOT = Path(__file__).resolve().parents[2]
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
# Written in pieces, so that this file itself has none of them.
REGISTRIES = ("pypi" + ".org", "python" + "hosted", "registry." + "npmjs", "proxy." + "golang", "index." + "crates")


def _targets() -> set[str]:
    return set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE))


def _own_files() -> list[Path]:
    hidden = {
        ".git",
        "build",
        "dist",
        "__pycache__",
        ".mypy_cache",
        ".ruff_cache",
        ".pytest_cache",
        ".hypothesis",
    }
    found = [
        path
        for path in ROOT.rglob("*")
        if not any(part in hidden or part.startswith(".venv") for part in path.relative_to(ROOT).parts)
        and path.is_file()
    ]
    return [
        path for path in found if path.suffix not in {".png", ".dcm", ".gz", ".zip"} and ".egg-info" not in str(path)
    ]


@pytest.mark.parametrize("file", [*WORKFLOWS, ROOT / "CONTRIBUTING.md", ROOT / "changelog.d" / "README.md"], ids=str)
def test_make_is_told_to_make_what_it_can(file: Path) -> None:
    named = set(re.findall(r"(?:run: |`|\n)make ([a-z-]+)", file.read_text(encoding="utf-8")))
    assert named <= _targets()
    assert named


def test_a_workflow_can_be_read_and_may_write_nothing_unless_it_says_so() -> None:
    assert {path.name for path in WORKFLOWS} == {"tests.yml", "release.yml"}
    for path in WORKFLOWS:
        assert YAML(typ="safe").load(path.read_text(encoding="utf-8"))["permissions"] == {"contents": "read"}


def test_every_python_that_is_promised_is_tested() -> None:
    promised = {word.rpartition(" ")[2] for word in PROJECT["project"]["classifiers"] if re.search(r":: 3\.\d+$", word)}
    tests = YAML(typ="safe").load((ROOT / ".github/workflows/tests.yml").read_text(encoding="utf-8"))
    assert set(tests["jobs"]["unit"]["strategy"]["matrix"]["python"]) == promised
    assert PROJECT["project"]["requires-python"] == f">={min(promised, key=lambda text: int(text[2:]))}"


def test_changes_are_of_a_kind_and_hold_a_sentence() -> None:
    kinds = {kind["directory"] for kind in PROJECT["tool"]["towncrier"]["type"]}
    for file in (ROOT / "changelog.d").iterdir():
        if file.name not in PROJECT["tool"]["towncrier"]["ignore"]:
            assert re.fullmatch(rf"[\w-]+\.({'|'.join(kinds)})\.md", file.name), file.name
            assert file.read_text(encoding="utf-8").strip().endswith("."), file.name


def test_the_site_has_every_page_in_the_order_of_the_index() -> None:
    spec = importlib.util.spec_from_file_location("site_hook", ROOT / "scripts" / "site.py")
    assert spec is not None and spec.loader is not None
    site = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(site)
    parts = site.navigation((ROOT / "docs" / "README.md").read_text(encoding="utf-8"))
    pages = [
        path
        for part in parts
        for inside in part.values()
        for path in ([inside] if isinstance(inside, str) else [value for item in inside for value in item.values()])
    ]
    assert sorted(pages) == sorted(str(path.relative_to(ROOT / "docs")) for path in (ROOT / "docs").rglob("*.md"))
    assert [title for part in parts for title in part][-3:] == ["How to", "Reference", "Explanation"]


def test_links_of_the_readme_lead_somewhere_from_the_package_index() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    for rule in PROJECT["tool"]["hatch"]["metadata"]["hooks"]["fancy-pypi-readme"]["substitutions"]:
        text = re.sub(rule["pattern"], rule["replacement"], text)
    targets = re.findall(r"\]\(([^)]+)\)", text)
    assert len(targets) > 8
    home = PROJECT["project"]["urls"]["Source"]
    for target in targets:
        assert target.startswith("https://"), target
        if inside := re.fullmatch(rf"{re.escape(home)}/blob/main/([^#]+)(#.*)?", target):
            assert (ROOT / inside[1]).exists(), target


def test_no_host_of_a_package_registry_is_named() -> None:
    for path in _own_files():
        text = path.read_text(encoding="utf-8", errors="replace")
        assert [host for host in REGISTRIES if host in text] == [], path
