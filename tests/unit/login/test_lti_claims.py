"""What a learning platform says of somebody, as claims; neither an address nor a role elsewhere lets anybody in."""

from __future__ import annotations

from typing import Any

import pytest

from skrt_hub.login import claims, lti_claims
from skrt_hub.login.claims import Rule

LTI = "https://purl.imsglobal.org/spec/lti/claim/"
MEMBER = "http://purl.imsglobal.org/vocab/lis/v2/membership"
RULE = Rule(participant_groups=("Learner",), organiser_groups=("Instructor",), groups_claim="roles")


def who(rule: Rule = RULE, **says: Any) -> claims.Visitor:
    token = {"sub": "1", "name": "Anna Müller", f"{LTI}deployment_id": "7", **says}
    return lti_claims.who("https://moodle.example.org", token, rule)


def roles(*said: Any) -> str:
    return claims.admitted(who(**{f"{LTI}roles": [*said]}), RULE)


def test_somebody_is_known_by_platform_deployment_and_mark() -> None:
    assert who().identity == "lti:https://moodle.example.org 7 1"
    assert who(**{f"{LTI}deployment_id": "8"}).identity != who().identity
    assert (who().shown, who().wish) == ("Anna Müller", "anna.mueller")
    for says in ({"sub": None}, {"sub": ""}, {f"{LTI}deployment_id": None}, {f"{LTI}deployment_id": "7 1"}):
        with pytest.raises(claims.ClaimsError):
            who(**{key: "" if value is None else value for key, value in says.items()})


def test_an_address_decides_nothing() -> None:
    listed = {"anna": {"listed": True, "email": "anna@uni.example"}}
    said = who(email="anna@uni.example", email_verified=True)
    assert said.email == ""
    assert claims.take_in(said, RULE, listed, lambda _: False, 1.0) is None


def test_roles_of_the_course_count_and_those_of_the_institution_do_not() -> None:
    assert roles(f"{MEMBER}#Learner") == claims.PARTICIPANT
    assert roles(f"{MEMBER}#Learner", f"{MEMBER}#Instructor") == claims.ORGANISER
    assert roles("Instructor") == claims.ORGANISER  # the short form, which means the course
    for elsewhere in (
        "http://purl.imsglobal.org/vocab/lis/v2/institution/person#Instructor",
        "http://purl.imsglobal.org/vocab/lis/v2/system/person#Administrator",
        f"{MEMBER}/Learner#Instructor",
        f"{MEMBER}Instructor",
        ["Instructor"],
        None,
    ):
        assert roles(elsewhere) == ""
    assert claims.admitted(who(**{f"{LTI}roles": "Instructor"}), RULE) == ""


def test_a_name_that_people_cannot_choose_may_be_in_the_platforms_own_parts() -> None:
    rule = Rule(groups_claim="roles", name_claim="ext.user_username")
    said = who(rule, **{f"{LTI}ext": {"user_username": "am42"}, "ext.user_username": "maria"})
    assert said.named == "am42"
    assert claims.take_in(said, rule, {"am42": {"listed": True}}, lambda _: False, 1.0) == "am42"
    assert claims.take_in(who(), RULE, {"am42": {"listed": True, "known_as": "1"}}, lambda _: False, 1.0) == "am42"
