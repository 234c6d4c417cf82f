"""Log-in from a learning platform on a real cluster: the chart's own hub has what it needs for LTI, and gets ours.

The platform runs beside the tests; a further container in the hub's pod carries its 127.0.0.1 to this machine.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator

import pytest

from tests.support.hubs import Refused
from tests.support.learning_platform import (
    CLIENT,
    DEPLOYMENT,
    LTI,
    MEMBER,
    Learner,
    LearningPlatform,
    learning_platform,
)

from .conftest import Hub
from .test_institution import carried, rows

NAME, PORT = "skrt-hub-course", 8772


@pytest.fixture(scope="module")
def platform() -> Iterator[LearningPlatform]:
    with learning_platform(listen="0.0.0.0") as there:
        yield there


@pytest.fixture(scope="module")
def room(platform: LearningPlatform, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    """A hub of its own whose people come from the platform."""
    one = Hub(tmp_path_factory.mktemp("course"), name=NAME, port=PORT)
    subprocess.run(["kubectl", "delete", "namespace", NAME, "--ignore-not-found"], check=True, timeout=200)
    places = {"log_in": f"{platform.issuer}/auth", "keys": f"{platform.issuer}/keys"}
    one.configure(
        login={
            "kind": "lti",
            "issuer": platform.issuer,
            "client_id": CLIENT,
            "provider": "Example Moodle",
            "participant_groups": ["Learner"],
            "organiser_groups": ["Instructor"],
            "platform": {"kind": "other", "deployments": [DEPLOYMENT], **places},
        },
        kubernetes={"values": carried(platform.issuer)},
    )
    one.run("up")
    yield one
    one.run("delete", "--volumes", "--namespace", "--no-copies", "--confirm", NAME)


def test_learners_come_in_and_a_false_word_does_not_help(room: Hub, platform: LearningPlatform) -> None:
    platform.knows("1", name="Anna Müller")
    anna = Learner(room.url, platform, "1", "anna.mueller")
    anna.log_in()
    anna.get("hub/spawn")
    anna.server(deadline=240)
    platform.knows("2", name="Petra Staff", **{f"{LTI}roles": [f"{MEMBER}Instructor"]})
    Learner(room.url, platform, "2", "petra.staff").log_in()
    told = rows(room)
    assert (told["anna.mueller"]["role"], told["petra.staff"]["role"]) == ("", "organiser")
    platform.knows("3", key="other")
    with pytest.raises(Refused, match="could not say"):
        Learner(room.url, platform, "3", "?").log_in()
    platform.knows("3", **{f"{LTI}deployment_id": "8"})
    with pytest.raises(Refused, match="does not belong"):
        Learner(room.url, platform, "3", "?").log_in()
    room.run("participants", "disable", "anna.mueller")
    with pytest.raises(Refused, match="switched off"):
        Learner(room.url, platform, "1", "anna.mueller").log_in()
