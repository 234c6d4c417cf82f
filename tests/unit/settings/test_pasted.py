"""Lists as people paste them: the right people, or a refusal that names the line; never fewer, and never others."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from skrt_hub.api import Hub
from skrt_hub.commands import participants
from skrt_hub.commands.session import Session
from skrt_hub.errors import RefusedError, UsageError
from skrt_hub.report import Message
from skrt_hub.settings.people import Listed, read_list, with_logins

EVA, KARL = ("eva.meier", "Eva Meier", "eva.meier@uni.example"), ("karl.gross", "Karl Groß", "k.gross@uni.example")
TURNED = [(EVA[0], "Meier, Eva", EVA[2]), (KARL[0], "Groß, Karl", KARL[2])]


def found(text: str) -> list[tuple[str, str, str]]:
    return [(who.login, who.name, who.email) for who in with_logins(read_list(text.encode(), what="class"))]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Eva Meier <eva.meier@uni.example>, Karl Groß <k.gross@uni.example>", [EVA, KARL]),
        ("To: 'Eva Meier' <eva.meier@uni.example>;\r\nKarl Groß <mailto:k.gross@uni.example>;\r\n", [EVA, KARL]),
        ("eva.meier@uni.example (Eva Meier)\nKarl Groß k.gross@uni.example", [EVA, KARL]),
        ("1. Eva Meier, eva.meier@uni.example\r2. Karl Groß\tk.gross@uni.example", [EVA, KARL]),
        ('"Meier, Eva" <eva.meier@uni.example>; "Groß, Karl" <k.gross@uni.example>', TURNED),
        ('"Meier, Eva" <eva.meier@uni.example>, "Groß, Karl" <k.gross@uni.example>', TURNED),
        ("Meier, Eva <eva.meier@uni.example>; Groß, Karl <k.gross@uni.example>", TURNED),
        ("name,email\n,Eva Meier <eva.meier@uni.example>\nk.gross@uni.example,\n", [EVA, ("k.gross", "", KARL[2])]),
    ],
)
def test_names_with_addresses(text: str, expected: list[tuple[str, str, str]]) -> None:
    assert found(text) == expected


@pytest.mark.parametrize(
    ("text", "logins"),
    [
        ("eva.meier@uni.example, k.gross@uni.example", ["eva.meier", "k.gross"]),
        ("eva.meier@uni.example\nk.gross@uni.example\n", ["eva.meier", "k.gross"]),
        ("eva.meier@uni.example k.gross@uni.example", ["eva.meier", "k.gross"]),
        ("Eva.Meier@uni.example", ["eva.meier"]),
        ("Eva <Eva.Meier@uni.example>", ["eva"]),
        ("Eva Meier, Karl Groß, Lea Lang", ["eva.meier", "karl.gross", "lea.lang"]),
        ("Meier, Eva; Groß, Karl", ["eva.meier", "karl.gross"]),
        ("- Eva Meier\n- Karl Groß", ["eva.meier", "karl.gross"]),
    ],
)
def test_names_or_addresses(text: str, logins: list[str]) -> None:
    assert [login for login, _, _ in found(text)] == logins


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("Lea Lang\nMeier\tEva\tA\n", r"class, line 2: .* no heading .* Last name \[Tab\] First name"),
        ("Meier;Eva;A", r"line 1: .*may be several people .* Last name;First name"),
        ("Meier, Eva", "may be several people"),
        ("Eva Meier, Karl Groß, Lea Lang\nTim Ott, Ute Uhl, Jo Abt", "may be several people"),
        ("Meier, Eva <eva@uni.example>", "cannot be told whether 'Meier' is a person"),
        ("Lea Lang, Eva Meier <eva@uni.example>, Jo Abt <jo@uni.example>", "'Lea Lang' has no address"),
        ("Eva <eva@uni.example> Karl <k@uni.example>", "not one person's address"),
        ("name\nMeier, Eva\n", "line 2: it has 2 cells, and the heading has 1"),
        ('name\n"Meier\nEva\nKarl\n', "goes on over several lines"),
        ("name\nMeier;Eva\n", "is no name"),
    ],
)
def test_what_can_be_read_in_two_ways_is_refused_with_what_to_write(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        found(text)


@dataclass
class Typed:
    """A person at the command line: what was shown, and what is answered."""

    folder: Path
    answers: list[str] = field(default_factory=list)
    seen: list[str] = field(default_factory=list)

    def ask(self, question: str) -> str | None:
        self.seen.append(question)
        return self.answers.pop(0) if self.answers else None

    def type(self, pasted: str, monkeypatch: pytest.MonkeyPatch, *, group: str | None = None) -> str:
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(pasted.encode())))
        hub = Hub.load(self.folder / "hub.yaml", state=self.folder / "state")
        words = {"names": ("-",), "group": group, "email": "", "to": None, "free": False, "confirm": None}
        done = participants.run(Session(hub, False, self.ask, self.seen.append), action="import", **words)  # type: ignore[arg-type]
        assert isinstance(done, Message)
        return "\n".join(done.lines)


@pytest.fixture
def typed(tmp_path: Path) -> Typed:
    (tmp_path / "hub.yaml").write_text("login: codes\n", encoding="utf-8")
    return Typed(tmp_path)


TWO = "Eva Meier <eva.meier@uni.example>, Karl Groß <k.gross@uni.example>"


def test_who_comes_onto_the_list_is_shown_before_it_is_written(typed: Typed, monkeypatch: pytest.MonkeyPatch) -> None:
    typed.answers = ["n"]
    assert "Nothing was changed" in typed.type(TWO, monkeypatch)
    assert any("karl.gross   Karl Groß   k.gross@uni.example" in line for line in typed.seen)
    assert not (typed.folder / "participants.csv").exists()
    assert "participants.csv: 2." in typed.type(f"{TWO}, {TWO}", monkeypatch), "with a pipe, nobody can be asked"
    assert "Nobody is new" in typed.type(TWO, monkeypatch)


def test_who_is_written_family_name_first_is_the_same_person() -> None:
    before = with_logins([Listed(name="Meier, Eva", email="eva@uni.example"), Listed(name="Karl Groß")])
    again = with_logins([Listed(name="Eva Meier"), Listed(name="Groß, Karl")], before)
    assert [who.login for who in again] == ["eva.meier", "karl.gross"]


def test_a_refusal_changes_nothing_and_names_the_line(typed: Typed, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError) as refused:
        typed.type("Lea Lang\nMeier\tEva\tA\n", monkeypatch)
    assert "What was pasted, line 2" in str(refused.value)
    assert not (typed.folder / "participants.csv").exists()


def test_a_new_person_does_not_get_the_name_of_one_who_was_listed_before(typed: Typed) -> None:
    hub = Hub.load(typed.folder / "hub.yaml", state=typed.folder / "state")
    hub.context.layout.root.mkdir()
    hub.context.layout.roster.write_text('{"people": [{"login": "eva.meier", "name": "Eva Meier", "email": "e@x.y"}]}')
    assert [who.login for who in hub.named([Listed(name="Eva Meier", email="other@x.y")])] == ["eva.meier2"]
    assert [who.login for who in hub.named([Listed(name="Eva Meier", email="e@x.y")])] == ["eva.meier"]


def test_a_list_without_a_heading_is_edited_by_its_people(typed: Typed) -> None:
    (typed.folder / "hub.yaml").write_text("login: codes\nparticipants: class.txt\n", encoding="utf-8")
    (typed.folder / "class.txt").write_text(f"{TWO}\nLea Lang\n", encoding="utf-8")
    hub = Hub.load(typed.folder / "hub.yaml", state=typed.folder / "state")
    hub.add_participants([Listed(name="Abt, Jo", email="jo@uni.example"), Listed(login="tim")])
    hub.take_off_list(["eva.meier"])
    left = (typed.folder / "class.txt").read_text(encoding="utf-8")
    assert left == '"Karl Groß" <k.gross@uni.example>\nLea Lang\n"Abt, Jo" <jo@uni.example>\ntim\n'
    assert hub.context.settings.names == ("karl.gross", "lea.lang", "jo.abt", "tim")
    with pytest.raises(RefusedError, match="no column for the group of Ute Uhl"):
        hub.add_participants([Listed(name="Ute Uhl", group="A")])
