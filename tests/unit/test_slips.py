"""A first word that is no command is answered with the one that was meant."""

import json

import pytest

from skrt_hub.cli import build_parser, main


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


def test_without_a_word_the_help_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([])
    assert ended.value.code == 0
    assert "commands" in capsys.readouterr().out
