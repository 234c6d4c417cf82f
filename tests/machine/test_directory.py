"""Names and passwords of a real directory (Debian's slapd), and what somebody types who means no good."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from traitlets.config import Config

from skrt_hub.login.accounts import Accounts, Person
from skrt_hub.login.directory import Directory, DirectoryError
from skrt_hub.login.directory_log_in import DirectoryAuthenticator
from skrt_hub.login.refusals import Refused
from tests.support.directory import COURSE, PEOPLE, READER, READERS_WORD, SLAPD, STAFF, Campus, campus, word_of

pytestmark = pytest.mark.skipif(SLAPD is None, reason="slapd is not installed")
GROUPS = (COURSE, STAFF)


@pytest.fixture(scope="module")
def there(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Campus]:
    with campus(tmp_path_factory.mktemp("directory")) as running:
        yield running


def ways(there: Campus) -> dict[str, tuple[Directory, str]]:
    """Every way to find people, with the password that it needs."""
    authority = there.certificate.read_text()
    template = f"uid={{name}},{PEOPLE}"
    return {
        "as a reader": (Directory(there.plain, base=PEOPLE, reader=READER, plain=True), READERS_WORD),
        "as anybody, STARTTLS": (Directory(there.plain, base=PEOPLE, authority=authority), ""),
        "by a template, ldaps": (
            Directory(there.encrypted, template=template, authority=authority),
            "",
        ),
    }


def test_each_way_finds_the_same_person(there: Campus) -> None:
    marks = set()
    for directory, kept in ways(there).values():
        found = directory.prove("BEN", word_of("ben"), kept, GROUPS)
        assert found is not None
        assert (found.name, found.shown, found.email, found.groups) == ("ben", "Ben Example", "", frozenset({COURSE}))
        marks.add(found.mark)
        directory.look(kept, GROUPS)
    assert len(marks) == 1


HOSTILE = ["*", "b*", "ben)(uid=*", "*)(uid=ben", "ben\0", "ben,ou=people", "ben+cn=Ben Example", "uid=ben", "", " "]


@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_no_name_is_nobody(there: Campus, name: str) -> None:
    for directory, kept in ways(there).values():
        assert directory.prove(name, word_of("ben"), kept, GROUPS) is None


@pytest.mark.parametrize("password", ["", "\0", "wrong", " ", "*", word_of("anna")])
def test_what_is_not_the_password_is_refused(there: Campus, password: str) -> None:
    for directory, kept in ways(there).values():
        assert directory.prove("ben", password, kept, GROUPS) is None


def test_nothing_is_sent_to_a_server_that_is_not_the_one(there: Campus) -> None:
    authority = there.certificate.read_text()
    wrong = {
        "CERTIFICATE_VERIFY_FAILED": Directory(there.encrypted, base=PEOPLE),
        "certificate verify failed": Directory(there.plain, base=PEOPLE),
        "mismatch": Directory(there.encrypted.replace("127.0.0.1", "localhost"), base=PEOPLE, authority=authority),
        "refused": Directory("ldaps://127.0.0.1:9", base=PEOPLE),
    }
    for words, directory in wrong.items():
        with pytest.raises(DirectoryError, match=words):
            directory.prove("ben", word_of("ben"), "", GROUPS)


def test_a_reader_that_is_refused_and_a_group_that_is_not_there_are_told(there: Campus) -> None:
    directory = Directory(there.plain, base=PEOPLE, reader=READER, plain=True)
    with pytest.raises(DirectoryError, match="refuses cn=hub"):
        directory.prove("ben", word_of("ben"), "not the reader's", GROUPS)
    with pytest.raises(DirectoryError, match="no entry cn=nothing"):
        directory.look(READERS_WORD, ["cn=nothing,dc=uni,dc=example"])


class At:
    """The hub, as far as the log-in looks at it."""

    request = SimpleNamespace(remote_ip="192.0.2.7")
    db = SimpleNamespace(query=lambda _: [])


@pytest.fixture
def log_in(there: Campus, tmp_path: Path) -> Any:
    """A log-in at a hub with anna and petra on the list, whose staff organises."""
    accounts = Accounts(tmp_path / "accounts.json")
    accounts.take_list([Person("anna"), Person("petra")], anyone=False)
    traits = {
        "accounts_file": str(tmp_path / "accounts.json"),
        "kind": "ldap",
        "anyone": False,
        "login_service": "Example University",
        "directory": {"server": there.plain, "base": PEOPLE, "plain": True},
        "rule": {"participant_groups": [COURSE], "organiser_groups": [STAFF]},
    }
    who = DirectoryAuthenticator(config=Config({"DirectoryAuthenticator": traits}))

    def came(name: str, password: str) -> str:
        try:
            return asyncio.run(who.authenticate(At(), {"username": name, "password": password}))
        except Refused as refused:
            return f"refused: {refused.key}"

    return SimpleNamespace(came=came, accounts=accounts)


def test_who_comes_in_and_as_whom(log_in: Any) -> None:
    assert log_in.came("anna", word_of("anna")) == "anna"  # by the list
    assert [log_in.came(name, word_of("ben")) for name in ("ben", "Ben", " BEN ")] == [
        "ben"
    ] * 3  # by a group, one person
    assert log_in.came("petra", word_of("petra")) == "petra"
    assert (log_in.accounts.find("petra") or {})["admitted"]["as"] == "organiser"
    assert log_in.came("nobody", word_of("nobody")) == "refused: not_listed"
    assert [log_in.came("ben", wrong) for wrong in ("", "x")] == ["refused: wrong_ldap"] * 2
    log_in.accounts.disable(["anna"])
    assert log_in.came("anna", word_of("anna")) == "refused: disabled"
    log_in.accounts.set_closed(True)
    assert log_in.came("ben", word_of("ben")) == "refused: closed"
    assert log_in.came("petra", word_of("petra")) == "petra"


def test_guessing_is_braked(log_in: Any) -> None:
    answers = [log_in.came("ben", f"guess {number}") for number in range(8)]
    assert answers[0] == "refused: wrong_ldap" and answers[-1] == "refused: wait"
    assert log_in.came("ben", word_of("ben")) == "refused: wait"
