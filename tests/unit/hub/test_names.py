"""Names lead to distinct, stable homes and user ids, or to a clear refusal."""

from __future__ import annotations

import json
import re
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skrt_hub.errors import StateError
from skrt_hub.hub.names import Places, folder_for, short_folders
from skrt_hub.login.names import NameRefusedError, normalised

names = st.text(st.characters(codec="utf-8"), min_size=1, max_size=60)


def normal(name: str) -> str | None:
    try:
        return normalised(name)
    except NameRefusedError:
        return None


@given(names, names)
def test_distinct_names_have_distinct_folders(one: str, other: str) -> None:
    first, second = normal(one), normal(other)
    if first is not None and second is not None:
        assert (folder_for(first) == folder_for(second)) == (first == second)


@given(names)
def test_a_folder_is_safe_and_a_normal_name_stays(name: str) -> None:
    usual = normal(name)
    if usual is None:
        return
    assert normalised(usual) == usual
    assert re.fullmatch(r"[a-z0-9][a-z0-9-]{0,63}", folder_for(usual))


@pytest.mark.parametrize(
    "name",
    [
        "anna",
        "Anna Müller", "anna@hospital.org", "o'neil", "J. R. Smith", "用户", "Ωmega", "x" * 100, "--bind", "a.b",
        "a_b", "a-b", "1", "con", "josé",
    ],
)  # fmt: skip
def test_names_that_people_choose_are_accepted(name: str) -> None:
    assert folder_for(normalised(name))


@pytest.mark.parametrize(
    "name", ["", "  ", ".", "..", "a/b", "a\\b", "a\0b", "a\nb/", "x" * 101, "`id`", "a%b", "<b>", "---"]
)
def test_other_names_are_refused_with_a_reason(name: str) -> None:
    with pytest.raises(NameRefusedError, match=r"\w+"):
        normalised(name)


def test_spelling_variants_of_one_name_are_one_name() -> None:
    assert normalised("ANNA") == normalised("  anna ") == "anna"
    assert normalised("José") == normalised(unicodedata.normalize("NFD", "José"))


def test_lookalikes_stay_apart() -> None:
    folders = [folder_for(normalised(name)) for name in ("bob", "bob2", "bob-2", "bob 2", "bob.2", "bob_2", "bób")]
    assert len(set(folders)) == len(folders)


def test_places_are_stable_and_ids_are_never_shared(tmp_path: Path) -> None:
    table = Places(tmp_path / "folders.json")
    first = [table.ensure(name) for name in ("anna", "bob", "änne")]
    again = [Places(tmp_path / "folders.json").ensure(name) for name in ("änne", "bob", "anna")]
    assert first == again[::-1]
    assert len({place.uid for place in first}) == 3
    assert all(place.uid > 1_000_000_000 for place in first)
    assert table.find("nobody") is None


def test_a_damaged_table_is_refused_and_kept(tmp_path: Path) -> None:
    file = tmp_path / "folders.json"
    file.write_text("{half", encoding="utf-8")
    with pytest.raises(StateError, match="damaged"):
        Places(file).ensure("anna")
    assert file.read_text(encoding="utf-8") == "{half"


def test_the_table_is_only_for_its_owner(tmp_path: Path) -> None:
    Places(tmp_path / "folders.json").ensure("anna")
    assert (tmp_path / "folders.json").stat().st_mode & 0o777 == 0o600
    assert json.loads((tmp_path / "folders.json").read_text(encoding="utf-8"))["participants"][0]["name"] == "anna"


def test_digits_are_left_out_where_people_read_and_a_name_is_one_persons() -> None:
    names = ("anna", "anna.b", "anna-b", "o'brien", "anna.müller@example.org", "李")
    short = short_folders([folder_for(name) for name in names])
    called = [short[folder_for(name)] for name in names]
    assert called == [
        "anna",
        folder_for("anna.b"),
        folder_for("anna-b"),
        "o-brien",
        "anna-muller-example-org",
        folder_for("李"),
    ]
