"""Lists of participants: names made from what a teacher has, which nobody loses, and files that commands edit."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from skrt_hub.api import Hub
from skrt_hub.errors import SettingsError
from skrt_hub.settings.load import load_settings
from skrt_hub.settings.model import Settings
from skrt_hub.settings.people import Listed, decode, read_table, with_logins
from skrt_hub.settings.roster import remember, remembered

TABLE = """\
Nachname;Vorname;E-Mail;Gruppe
Müller;Anna;anna.mueller@uni.example;A
Müller;Anna;a.mueller2@uni.example;B
Ångström;Åsa;;A
O’Brien;Seán;;A
王;芳;;B
de la Cruz;José María;;B
Łukasiewicz;Łukasz;;B
Weiß;Dr. Jürgen;;A
;;kim+course@uni.example;B
"""
LOGINS = [
    *("anna.mueller", "anna.mueller2", "aasa.aangstroem", "sean.obrien", "芳.王"),
    *("jose.cruz", "lukasz.lukasiewicz", "juergen.weiss", "kim"),
]


def people(text: str) -> list[Listed]:
    return read_table(text, what="class.csv")


def logins(given: tuple[Listed, ...]) -> list[str]:
    return [person.login for person in given]


def test_names_can_be_read_and_typed_whatever_a_teacher_has() -> None:
    assert logins(with_logins(people(TABLE))) == LOGINS


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("anna\nBjörn Borg\nc.d@e.example\n", ["anna", "bjoern.borg", "c.d"]),
        ('name,email\n"Müller, Anna",x@y.example\n', ["anna.mueller"]),
        ("username\tfull name\nam1\tAnna Müller\n", ["am1"]),
        ("\ufeffemail\r\nanna@x.example\r\n\r\n", ["anna"]),
        ("First Name,Last Name\nPrince,\n", ["prince"]),
        ("", []),
    ],
)
def test_tables_come_in_many_forms(text: str, expected: list[str]) -> None:
    assert logins(with_logins(people(text))) == expected


def test_a_table_from_a_spreadsheet_on_windows_can_be_read() -> None:
    assert people(decode("name\nJürgen Weiß\n".encode("cp1252")))[0].name == "Jürgen Weiß"


def test_nobody_loses_a_name_when_the_list_changes() -> None:
    first = with_logins(people(TABLE))
    rows = people(TABLE)
    random.Random(7).shuffle(rows)
    again = with_logins([Listed(name="Anna Müller", email="third@uni.example"), *rows], first)
    by_email = {person.email: person.login for person in again if person.email}
    assert by_email["anna.mueller@uni.example"] == "anna.mueller"
    assert by_email["a.mueller2@uni.example"] == "anna.mueller2"
    assert by_email["third@uni.example"] == "anna.mueller3"
    assert {person.login for person in first} < {person.login for person in again}


def test_a_name_that_somebody_had_is_not_given_to_somebody_else() -> None:
    first = with_logins(people("name,email\nAnna Müller,one@x.example\n"))
    second = with_logins(people("name,email\nAnna Müller,two@x.example\n"), first)
    assert logins(second) == ["anna.mueller2"]


def test_a_wrong_line_is_named(tmp_path: Path) -> None:
    (tmp_path / "class.csv").write_text("login,name\nanna,Anna\na/b,Bob\n")
    (tmp_path / "hub.yaml").write_text("participants: class.csv\n")
    with pytest.raises(SettingsError, match=r"class.csv") as caught:
        load_settings(tmp_path / "hub.yaml")
    assert "line 3" in caught.value.why
    assert "'a/b'" in caught.value.why


def test_a_list_that_is_not_there_is_told(tmp_path: Path) -> None:
    (tmp_path / "hub.yaml").write_text("name: x1\nparticipants: class.csv\n")
    with pytest.raises(SettingsError, match="line 2"):
        load_settings(tmp_path / "hub.yaml")


def hub(folder: Path, text: str) -> Hub:
    (folder / "hub.yaml").write_text(text, encoding="utf-8")
    return Hub.load(folder / "hub.yaml", state=folder / "state")


def test_the_table_is_edited_in_its_own_form(tmp_path: Path) -> None:
    (tmp_path / "class.csv").write_text(TABLE, encoding="utf-8")
    here = hub(tmp_path, "login: codes\nparticipants: class.csv  # the class\n")
    here.add_participants([Listed(name="Bob Builder", group="A")])
    assert (tmp_path / "class.csv").read_text(encoding="utf-8") == TABLE + "Builder;Bob;;A\n"
    here.take_off_list(["anna.mueller2", "kim"])
    left = (tmp_path / "class.csv").read_text(encoding="utf-8")
    assert "a.mueller2@" not in left and "kim+" not in left and "anna.mueller@" in left
    assert "# the class" in (tmp_path / "hub.yaml").read_text()


def test_a_list_in_hub_yaml_is_edited_and_its_comments_stay(tmp_path: Path) -> None:
    here = hub(tmp_path, "# mine\nparticipants:\n- anna  # first\n- {name: Björn Borg}\n")
    here.add_participants([Listed(login="chen")])
    here.take_off_list(["bjoern.borg"])
    text = (tmp_path / "hub.yaml").read_text(encoding="utf-8")
    assert "# mine" in text and "# first" in text and "Borg" not in text
    assert Hub.load(tmp_path / "hub.yaml", state=tmp_path / "state").context.settings.names == ("anna", "chen")


def test_without_a_list_a_table_is_made_and_named(tmp_path: Path) -> None:
    here = hub(tmp_path, "port: 8123\n")
    assert here.add_participants([Listed(name="Anna Müller", email="a@x.example")]) == tmp_path / "participants.csv"
    assert Hub.load(tmp_path / "hub.yaml", state=tmp_path / "state").context.settings.names == ("anna.mueller",)
    assert "port: 8123" in (tmp_path / "hub.yaml").read_text()


def test_the_old_key_for_organisers_still_works(tmp_path: Path) -> None:
    assert hub(tmp_path, "admins: [Maria]\n").context.settings.organisers == ("maria",)


def test_a_name_that_the_list_writes_is_that_name_also_where_an_address_comes_to_it(tmp_path: Path) -> None:
    file = tmp_path / "roster.json"
    remember(Settings.model_validate({"participants": ["anna", "ben"]}), file)
    written = Settings.model_validate({"participants": [{"login": "anna", "email": "anna@uni.example"}]})
    assert [person.login for person in remembered(written, file).participants] == ["anna"]
    unwritten = Settings.model_validate({"participants": [{"email": "anna@uni.example"}]})
    assert [person.login for person in remembered(unwritten, file).participants] == ["anna2"], "she may be another"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("organisers: [maria]\nhelpers: [Maria]\n", "maria is an organiser and a helper"),
        ("helpers: [hans]\n", "this hub has none"),
        ("organisers: [maria]\nhelpers: ['../x']\n", "cannot be a participant's name"),
    ],
)
def test_helpers_that_help_nobody_are_refused_in_words(text: str, why: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as refused:
        hub(tmp_path, text)
    assert why in str(refused.value)
