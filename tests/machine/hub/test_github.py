"""Log-in with GitHub, against a server that speaks as GitHub's own do, on this machine."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.machine.hub.test_institution import configure, known
from tests.support.github import github
from tests.support.hubs import Hub, Refused
from tests.support.institution import SECRET, Institution, Member

pytestmark = pytest.mark.long
LISTED = [
    {"name": "Anna Müller", "email": "anna@uni.example"},
    {"login": "ben", "known_as": "4711"},
    {"login": "maria", "email": "maria@uni.example"},
]


@pytest.fixture
def there() -> Iterator[Institution]:
    with github() as running:
        yield running


def address(email: str, *, verified: bool = True) -> list[dict[str, Any]]:
    other = {"email": "private@home.example", "primary": False, "verified": True}
    return [other, {"email": email, "primary": True, "verified": verified}]


def test_people_are_known_by_the_number_of_their_account(make_hub: Callable[..., Hub], there: Institution) -> None:
    hub = make_hub()
    groups = {"participant_groups": ["course-2026"], "organiser_groups": ["uni/teachers"]}
    configure(hub, there, participants=LISTED, provider="github", **groups)
    told = " ".join(hub.run("check", code=None).stdout.split())
    assert f"{there.issuer} answers" in told and "hub/oauth_callback" in told
    hub.run("up")

    there.knows("1", login="anna", emails=address("anna@uni.example", verified=False))
    with pytest.raises(Refused, match="not on the list"):
        Member(hub.url, "1", "?").log_in()
    there.knows("1", login="anna", emails=address("anna@uni.example"))
    Member(hub.url, "1", "anna.mueller").log_in()

    # She gives her name there up, and somebody else takes it, with everything that can be chosen.
    there.knows("1", login="anna-m", emails=address("new@uni.example"))
    there.knows("2", login="anna", name="Anna Müller", emails=address("x@home.example"))
    Member(hub.url, "1", "anna.mueller").log_in()
    with pytest.raises(Refused, match="not on the list"):
        Member(hub.url, "2", "?").log_in()

    there.knows("4711", login="benny", emails=[])
    Member(hub.url, "4711", "ben").log_in()
    there.knows(
        "5", login="maria", emails=[], orgs=[{"login": f"o{n}"} for n in range(130)] + [{"login": "course-2026"}]
    )
    Member(hub.url, "5", "maria2").log_in()
    there.knows("6", login="petra", emails=[], teams=[{"slug": "teachers", "organization": {"login": "uni"}}])
    Member(hub.url, "6", "petra").log_in()
    there.knows("7", login="tim", emails=[], teams=[{"slug": "teachers", "organization": {"login": "other"}}])
    with pytest.raises(Refused, match="not on the list"):
        Member(hub.url, "7", "?").log_in()
    rows = known(hub)
    assert (rows["petra"]["role"], rows["maria2"]["role"], rows["maria"]["log_in"]) == ("organiser", "", "")
    log = (hub.state / "log" / "hub.log").read_text(encoding="utf-8")
    assert SECRET not in log and "Traceback" not in log
