"""Words that cannot be used are answered as every other error: what, why, and what to type next."""

import json

import pytest

from skrt_hub.cli import build_parser, main
from skrt_hub.command_line import IntermixedParser, usage


def test_the_command_that_was_meant_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["statsu"]) == 2
    told = capsys.readouterr().err
    assert "'statsu'" in told
    assert "Did you mean: skrt-hub status?" in told


def test_a_word_like_no_command_is_told_to_programs_too(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["xyzzy", "--json"]) == 2
    document = json.loads(capsys.readouterr().out)
    assert document["exit_code"] == 2
    assert "Did you mean" not in document["remedy"]


@pytest.mark.parametrize(
    "words",
    [["collect", "a.ipynb", "anna", "bob", "--to", "in"], ["collect", "a.ipynb", "--to", "in", "anna", "bob"]],
)
def test_names_may_stand_before_and_after_options(words: list[str]) -> None:
    given = build_parser("collect").parse_args(words)
    assert (given.path, given.names, str(given.to)) == ("a.ipynb", ["anna", "bob"], "in")


SLIPS = [
    ("material udpate", "no action 'udpate'", "update, status", "Did you mean: skrt-hub material update?"),
    ("participants pasword anna", "no action 'pasword'", "forget", "Did you mean: skrt-hub participants password?"),
    ("--verbose statsu", "no command 'statsu'", "", "Did you mean: skrt-hub status?"),
    ("status --target machin", "--target does not take 'machin'", "kubernetes", "Did you mean: --target machine?"),
    ("image", "`skrt-hub image` needs an action", "build: make it", "skrt-hub image build|load|push|name|list"),
    ("collect a", "`skrt-hub collect` needs --to FOLDER", "new or empty", "collect --to FOLDER PATH [NAME ...]"),
    ("collect --to in", "`skrt-hub collect` needs PATH.", "in each home", "collect --to FOLDER PATH [NAME ...]"),
    ("saves --from", "After --from the PLACE is missing", "where the copies are", "skrt-hub saves [--from PLACE]"),
    ("logs --lines many", "--lines cannot be used with that", "'many' is no whole number", "skrt-hub logs"),
    ("bench --people 900", "--people cannot be used with that", "from 1 to 300", "skrt-hub bench [--people N]"),
    ("logs hub --folow", "`skrt-hub logs` does not know '--folow'", "", "Did you mean: --follow?"),
    ("up now", "`skrt-hub up` does not know 'now'", "", "Type it like this: skrt-hub up [--foreground]"),
    ("delete --co x", "--co may stand for --config, --confirm", "", "skrt-hub delete"),
    ("status --json=3", "--json takes no value", "print JSON", "skrt-hub status"),
    ("--verbose", "`skrt-hub` needs COMMAND", "", "Read more with: skrt-hub --help"),
]


@pytest.mark.parametrize(("words", "what", "why", "remedy"), SLIPS)
def test_every_slip_says_what_why_and_what_to_type(
    words: str, what: str, why: str, remedy: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words.split()) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.startswith("Error: ")
    assert what in told.err.splitlines()[0]
    assert why in told.err
    assert remedy in told.err
    assert "usage:" not in told.err  # argparse's own words


def test_without_a_word_the_help_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([])
    assert ended.value.code == 0
    assert "commands" in capsys.readouterr().out


def test_an_option_that_must_be_given_stands_without_brackets() -> None:
    parser = IntermixedParser("skrt-hub collect")
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--to", required=True, metavar="FOLDER")
    parser.add_argument("--from", metavar="PLACE")
    assert usage(parser) == "skrt-hub collect --to FOLDER [--from PLACE] [NAME ...]"
