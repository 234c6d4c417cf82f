"""What reaches a terminal: nothing that it would obey, in any encoding, and under --json always one document."""

import io
import json
import sys
from pathlib import Path

import pytest
from rich.table import Table
from rich.text import Text

from skrt_hub import Hub
from skrt_hub.cli import main
from skrt_hub.progress import Shown
from skrt_hub.terminal import PrintableConsole, Terminal, printable

ESCAPE = "\x1b[2J"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\x1b]0;title\x07", "a\\x1b]0;title\\x07"),
        ("\x9b31m", "\\x9b31m"),
        ("exe\u202egpj", "exe\\u202egpj"),
        (b"caf\xe9".decode("utf-8", "surrogateescape"), "caf\\xe9"),
        ("two\nlines\tof björn, 日本", "two\nlines\tof björn, 日本"),
    ],
)
def test_what_a_terminal_would_obey_becomes_visible(text: str, shown: str) -> None:
    assert printable(text) == shown


@pytest.mark.parametrize("coloured", [True, False])
def test_no_renderable_of_any_kind_lets_it_through(coloured: bool) -> None:
    stream = io.StringIO()
    console = PrintableConsole(file=stream, force_terminal=coloured, width=200)
    table = Table("name")
    table.add_row(Text(f"anna{ESCAPE}"))
    progress = Shown(console)
    console.print(table, Text(ESCAPE, "bold red"), f"word {ESCAPE}")
    progress.say(f"said {ESCAPE}")
    with progress.step(f"step {ESCAPE}") as step:
        step.update(note=f"noted {ESCAPE}")
    assert stream.getvalue().count("\\x1") >= 5  # a narrow column may cut the rest off
    assert "\x1b[2J" not in stream.getvalue()
    assert ("\x1b[" in stream.getvalue()) == coloured  # rich's own still work


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252", "utf-8"])
def test_no_encoding_of_the_terminal_is_an_error(encoding: str, monkeypatch: pytest.MonkeyPatch) -> None:
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding=encoding))
    terminal = Terminal()
    terminal.out.print(Text("The hub “björn” → 日 \udc80"))
    sys.stdout.flush()
    told = raw.getvalue().decode(encoding)
    assert ('"' in told or "“" in told) and told.rstrip().endswith("\\x80")


ENDS = {
    "status --state {state}": 0,
    "statsu": 2,
    "status --config {state}/none.yaml": 3,
    "status --config {state}/deep.yaml": 3,
    "status --config {state}/dangling.yaml": 3,
    "status --state ''": 2,
    "--help": 0,
    "--version": 0,
}


@pytest.mark.parametrize(("words", "code"), ENDS.items())
def test_every_end_is_one_document(words: str, code: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "deep.yaml").write_text("[" * 3000)
    (tmp_path / "dangling.yaml").symlink_to("nowhere")
    given = ["" if word == "''" else word.format(state=tmp_path) for word in words.split()]
    assert main([*given, "--json"]) == code
    told = capsys.readouterr()
    assert isinstance(document := json.loads(told.out), dict)
    assert told.err == ""
    assert document.get("exit_code", 0) == code


@pytest.mark.parametrize(("raised", "code"), [(KeyboardInterrupt(), 130), (ZeroDivisionError("oh"), 1)])
def test_a_fault_of_our_own_is_a_document_too(
    raised: BaseException, code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise raised

    monkeypatch.setattr(Hub, "load", fail)
    assert main(["status", "--json"]) == code
    document = json.loads(capsys.readouterr().out)
    assert document["exit_code"] == code
    if code == 1:
        kept = Path(document["remedy"].removeprefix("The details are in ").partition(";")[0])
        assert "ZeroDivisionError: oh" in kept.read_text()
        kept.unlink()


@pytest.mark.parametrize("odd", ['quo"te', "$HOME", "back\\slash", "per%cent", "new\nline", "b\udc80", "tel\x1bl"])
def test_a_state_folder_that_programs_would_misread_is_refused(
    odd: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["status", "--state", str(tmp_path / odd)]) == 2
    told = capsys.readouterr().err
    assert "cannot be a hub's state folder" in told
    assert "\x1b" not in told


@pytest.mark.parametrize("plain", ["with space", "björn", "a-b_c.d,e+f@g=h", "日本"])
def test_an_ordinary_state_folder_is_taken(plain: str, tmp_path: Path) -> None:
    assert main(["status", "--state", str(tmp_path / plain)]) == 0


def test_each_command_says_which_hub_it_means(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    main(["status", "--state", "state"])
    assert f"Hub “skrt-hub”, with the defaults: there is no hub.yaml in {tmp_path}" in capsys.readouterr().err
    Path("hub.yaml").write_text("name: physics\n")
    main(["status", "--state", "state"])
    assert f"Hub “physics”, as {tmp_path}/hub.yaml says" in capsys.readouterr().err
    Path("hub.yaml").unlink()
    Path("hub.yaml").symlink_to("elsewhere/hub.yaml")
    assert main(["status", "--state", "state"]) == 3
    assert "It is a link to elsewhere/hub.yaml" in capsys.readouterr().err
