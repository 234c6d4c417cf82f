"""Words that cannot be used are answered as every other error: what, why, and what to type next."""

import importlib
import inspect
import json
from types import ModuleType, SimpleNamespace
from typing import cast

import click
import pytest

from skrt_hub.cli import VERBS, build_verbs, main, read
from skrt_hub.command_line.parameters import WholeNumber
from skrt_hub.command_line.slips import usage
from skrt_hub.command_line.verbs import AskedFor, Call, Verb, Verbs
from skrt_hub.errors import UsageError


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
    given = typed(*words).values
    assert (given["path"], given["names"], str(given["to"])) == ("a.ipynb", ("anna", "bob"), "in")


SLIPS = [
    ("material udpate", "no action 'udpate'", "update, status", "Did you mean: skrt-hub material update?"),
    ("participants pasword anna", "no action 'pasword'", "forget", "Did you mean: skrt-hub participants password?"),
    ("--verbose statsu", "no command 'statsu'", "", "Did you mean: skrt-hub status?"),
    ("status --target machin", "--target does not take 'machin'", "kubernetes", "Did you mean: --target machine?"),
    ("image", "`skrt-hub image` needs an action", "build: make it", "skrt-hub image build|load|push|name|list"),
    ("collect a", "`skrt-hub collect` needs --to FOLDER", "new or empty", "FOLDER [--compare-with FILE] PATH [NAME"),
    ("collect --to in", "`skrt-hub collect` needs PATH.", "in each home", "FOLDER [--compare-with FILE] PATH [NAME"),
    ("saves --from", "After --from the PLACE is missing", "where the copies are", "skrt-hub saves [--from PLACE]"),
    ("logs --lines many", "--lines cannot be used with that", "'many' is no whole number", "skrt-hub logs"),
    ("bench --people 900", "--people cannot be used with that", "from 1 to 300", "skrt-hub bench [--people N]"),
    ("logs hub --folow", "`skrt-hub logs` does not know '--folow'", "", "Did you mean: --follow?"),
    ("up now", "`skrt-hub up` does not know 'now'", "", "Type it like this: skrt-hub up [--bundle FILE]"),
    ("delete --co x", "--co may stand for --config, --confirm", "", "skrt-hub delete"),
    ("status --json=3", "--json takes no value", "print JSON", "skrt-hub status"),
    ("--verbose", "`skrt-hub` needs COMMAND", "", "Read more with: skrt-hub --help"),
    ("collect a --too in", "`skrt-hub collect` does not know '--too'", "", "Did you mean: --to?"),
    ("collect", "`skrt-hub collect` needs PATH and --to FOLDER.", "new or empty", "collect --to FOLDER"),
    ("logs --linse=3", "`skrt-hub logs` does not know '--linse=3'", "", "Did you mean: --lines?"),
    ("--confg my.yaml up", "`skrt-hub` does not know '--confg'", "", "Did you mean: --config?"),
    ("--lines 3 logs", "`skrt-hub` does not know '--lines'", "", "Read more with: skrt-hub --help"),
    ("--config my.yaml statsu --lines 3", "no command 'statsu'", "", "Did you mean: skrt-hub status?"),
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


@pytest.mark.parametrize("words", ["up --to in", "bench --systems x", "verify --users", "xyzzy"])
def test_nothing_is_offered_that_is_not_alike(words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words.split()) == 2
    assert "Did you mean" not in capsys.readouterr().err


def test_what_must_be_given_may_be_given_short() -> None:
    given = typed("--confi", "a.yaml", "collect", "--to=in", "a.ipynb")
    assert (str(given.config), str(given.values["to"]), given.values["path"]) == ("a.yaml", "in", "a.ipynb")
    with pytest.raises(UsageError, match="needs --to FOLDER"):
        read(["collect", "a.ipynb", "--", "--to"])


def test_numbers_below_zero_and_words_with_spaces_are_no_options() -> None:
    given = typed("logs", "--lines", "-5", "-my own notes").values
    assert (given["lines"], given["part"]) == (-5, "-my own notes")


def test_an_option_of_every_command_may_stand_before_and_after_it() -> None:
    assert typed("--json", "--config", "a.yaml", "status") == typed("status", "--config", "a.yaml", "--json")
    assert str(typed("--config", "a.yaml", "status", "--config", "b.yaml").config) == "b.yaml"


@pytest.mark.parametrize("words", ["--help", "collect --help", "collect -h", "--version", "status --json --help"])
def test_help_and_version_are_shown_whatever_is_missing(words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words.split()) == 0
    told = capsys.readouterr().out
    assert ("0." if "--version" in words else "show what is run") in told


def test_without_a_word_the_help_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    assert "Commands:" in capsys.readouterr().out


def test_an_option_that_must_be_given_stands_without_brackets() -> None:
    parameters = (
        click.Argument(["names"], nargs=-1, metavar="NAME"),
        click.Option(["--to"], required=True, metavar="FOLDER"),
        click.Option(["--from"], metavar="PLACE"),
    )
    assert usage("skrt-hub collect", parameters) == "skrt-hub collect --to FOLDER [--from PLACE] [NAME ...]"


BUNDLE = SimpleNamespace(HELP="x", PARAMETERS=(click.Option(["--size"], type=WholeNumber(1, 3), help="y"),))


def test_a_command_of_two_words_has_options_of_its_own() -> None:
    table = {"bundle make": "bundle_make", "saves": "saves", "saves copy": "saves_copy"}
    verbs = Verbs(table, lambda name: cast(ModuleType, BUNDLE), ["machine"], "1")

    def call(*words: str) -> Call:
        given: Call = verbs.main([*words], "skrt-hub", standalone_mode=False)
        return given

    assert call("bundle", "make", "--size", "2") == Call("bundle make", {"size": 2})
    assert (call("saves", "copy").verb, call("saves").verb) == ("saves copy", "saves")
    with pytest.raises(UsageError, match="`skrt-hub bundle` has no action 'mke'") as slip:
        call("bundle", "mke")
    assert "Did you mean: skrt-hub bundle make?" in slip.value.remedy
    with pytest.raises(UsageError, match="`skrt-hub bundle` needs an action"):
        call("bundle")


def test_every_command_takes_what_its_options_say() -> None:
    for name in build_verbs().list_commands(click.Context(build_verbs())):
        verb = build_verbs().get_command(click.Context(build_verbs()), name)
        assert isinstance(verb, Verb)
        module = importlib.import_module(f"skrt_hub.commands.{VERBS[name]}")
        taken = set(inspect.signature(module.run).parameters) - {"session"}
        assert taken == {item.name for item in module.PARAMETERS}, name


def typed(*words: str) -> Call:
    given = read(words)
    assert not isinstance(given, AskedFor)
    return given
