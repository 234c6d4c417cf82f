"""hub.yaml's `seats`."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from skrt_hub.settings.model import Settings
from skrt_hub.settings.seats import Seats


def test_as_it_is_written() -> None:
    found = Settings.model_validate({"seats": {"ready": ["monday 8:45", "2026-10-05 08:45"], "for": "participants"}})

    assert found.seats.times == (("Mon", "08:45"), ("2026-10-05", "08:45"))
    assert found.seats.groups == ()
    assert found.seats.time_zone  # that of this machine
    assert Settings.model_validate(found.model_dump(mode="json")) == found


def test_groups_and_a_zone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "America/New_York")

    assert Seats.model_validate({"ready": ["Tue 10:00"]}).time_zone == "America/New_York"
    found = Seats.model_validate({"ready": ["Tue 10:00"], "for": ["A"], "time_zone": "Europe/Vienna"})
    assert (found.groups, found.time_zone) == (("A",), "Europe/Vienna")


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"ready": ["8:45"]}, "such as `Mon 08:45`"),
        ({"ready": ["Mon 24:00"]}, "is no time"),
        ({"ready": ["Noday 08:45"]}, "is no day"),
        ({"ready": ["2026-02-30 08:45"]}, "is no day"),
        ({"for": "everybody"}, "or a list of groups, such as [everybody]"),
        ({"for": []}, "a list of groups"),
        ({"wait": 60}, "at least 10 min"),
        ({"time_zone": "Wien"}, "no time zone"),
    ],
)
def test_what_cannot_be(given: dict[str, object], words: str) -> None:
    with pytest.raises(ValidationError) as refused:
        Seats.model_validate(given)

    assert words in str(refused.value)
