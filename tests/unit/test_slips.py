"""A first word that is no command is answered with the one that was meant."""

import json

import pytest

from skrt_hub.cli import main


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
