"""The guide says what the code does: reference pages are up to date, links, commands and settings exist."""

from __future__ import annotations

import importlib.util
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from skrt_hub.cli import VERBS, read
from skrt_hub.command_line.parameters import own, signature
from skrt_hub.errors import UsageError, every_error
from skrt_hub.settings.load import load_settings
from skrt_hub.settings.model import Settings

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *sorted(DOCS.rglob("*.md"))]
AGAIN = "Run: make reference"
# Written in pieces, so that this file itself has none of them.
FORBIDDEN = ("pypi" + ".org", "python" + "hosted", "/ro" + "ot/", "/wo" + "rk/")


def _script(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, ROOT / "scripts" / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


reference = _script("make_reference")
schemas = _script("make_schemas")
MADE = {**reference.pages(), **schemas.pages()}


def _id(page: Path) -> str:
    return str(page.relative_to(ROOT))


def _blocks(*languages: str) -> Iterator[tuple[str, str]]:
    """The page and the text of every fenced block in one of these languages."""
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for found in re.finditer(r"^( *)```(\w*)\n(.*?)^ *```$", text, flags=re.MULTILINE | re.DOTALL):
            if found[2] in languages:
                yield _id(page), "\n".join(line.removeprefix(found[1]) for line in found[3].splitlines())


@pytest.mark.parametrize("name", sorted(MADE))
def test_a_made_page_is_up_to_date(name: str) -> None:
    assert (DOCS / "reference" / name).read_text(encoding="utf-8") == MADE[name], AGAIN


def test_every_command_and_option_is_documented() -> None:
    page = (DOCS / "reference" / "commands.md").read_text(encoding="utf-8")
    verbs = dict(reference.verbs())
    assert set(VERBS) == set(verbs)
    for name, verb in verbs.items():
        part = page.split(f"\n## {name}\n")[1].split("\n## ")[0]
        for item in own(verb.params):
            assert item.help, f"{name}: {item.name} has no help text"
            for word in signature(item).split("|"):
                assert f"`{word}`" in part, f"{name}: {word} is not documented"


def test_every_key_of_hub_yaml_is_documented() -> None:
    page = (DOCS / "reference" / "hub-yaml.md").read_text(encoding="utf-8")
    for path, model in reference.sections(Settings):
        part = page.split(f"\n## {path or 'The first level'}\n")[1].split("\n## ")[0]
        for key, field in model.model_fields.items():
            assert field.description, f"{path}.{key} has no description"
            assert (
                f"| `{field.alias or key}` |" in part
                and " ".join(field.description.split()).replace("|", "\\|") in part
            )


def test_every_exit_code_is_documented_with_what_to_do() -> None:
    page = (DOCS / "reference" / "exit-codes.md").read_text(encoding="utf-8")
    trouble = (DOCS / "how-to" / "troubleshooting.md").read_text(encoding="utf-8")
    for error in every_error():
        assert f"\n| {error.exit_code} |" in page
        assert re.search(rf"^## {error.exit_code}:", trouble, flags=re.MULTILINE), f"what to do about {error.exit_code}"


@pytest.mark.parametrize("page", PAGES, ids=_id)
def test_links_lead_somewhere(page: Path) -> None:
    text = re.sub(r"^( *)```.*?^ *```", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, part = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        assert file.exists(), f"{_id(page)}: {target} does not exist"
        if part and file.suffix == ".md":
            assert part in _anchors(file), f"{_id(page)}: {file.name} has no part {part}"


def _anchors(page: Path) -> set[str]:
    titles = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).strip().replace(" ", "-") for title in titles}


def test_every_page_is_reached_from_the_index() -> None:
    index = (DOCS / "README.md").read_text(encoding="utf-8")
    linked = {(DOCS / target.partition("#")[0]).resolve() for target in re.findall(r"\]\(([^)\s]+)\)", index)}
    missing = [_id(page) for page in sorted(DOCS.rglob("*.md")) if page.resolve() not in linked]
    assert missing == ["docs/README.md"]


def test_commands_in_the_pages_exist() -> None:
    tried = 0
    for where, command in _commands():
        words = shlex.split(command.partition(" #")[0])[1:]
        if words and "--help" not in words and "--version" not in words:
            try:
                read(words)
            except UsageError as error:
                raise AssertionError(f"{where}: {command}: {error}") from None
            tried += 1
    assert tried > 30


def _commands() -> Iterator[tuple[str, str]]:
    """What the pages tell a person to type: lines of blocks without a language, and code within sentences."""
    for where, block in _blocks("", "sh", "bash", "console"):
        for line in block.replace("\\\n", " ").splitlines():
            found = re.match(r"\s*(?:\$ )?(?:\S*/)?(skrt-hub (?!COMMAND)[a-z-]+(?: [^\[\]|>…►]+)?)$", line)
            if found and "reference/commands.md" not in where:
                yield where, found[1]
    for page in PAGES:
        for found in re.finditer(r"`(?:\S*/)?(skrt-hub [a-z-]+[^`…\[\]]*)`", page.read_text(encoding="utf-8")):
            yield _id(page), " ".join(found[1].split())


def test_settings_in_the_pages_are_valid(tmp_path: Path) -> None:
    tried = 0
    (tmp_path / "class.csv").write_text("name\nAnna Example\n", encoding="utf-8")  # a table that pages name
    for where, block in _blocks("yaml"):
        if where.startswith("docs/reference/commands"):
            continue
        if not re.match(rf"(#.*\n)*({'|'.join(Settings.model_fields)}):", block):
            continue  # another program's file
        file = tmp_path / "hub.yaml"
        file.write_text(block, encoding="utf-8")
        try:
            load_settings(file)
        except Exception as error:
            raise AssertionError(f"{where}: {error}") from None
        tried += 1
    assert tried > 10


@pytest.mark.parametrize("page", PAGES, ids=_id)
def test_nothing_of_one_machine_stands_in_a_page(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert [word for word in FORBIDDEN if word in text] == []


def test_pictures_are_used_and_small() -> None:
    pages = "".join(page.read_text(encoding="utf-8") for page in PAGES)
    for picture in sorted((DOCS / "pictures").iterdir()):
        assert picture.name in pages, f"no page shows {picture.name}"
        assert picture.stat().st_size <= 300_000
