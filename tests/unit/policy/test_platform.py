"""A log-in from a learning platform: one rule, the same on both targets; what is to be entered there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from traitlets.config import Config

from skrt_hub import policy
from skrt_hub.hub import configure
from skrt_hub.hub.applied import Applied, Ports
from skrt_hub.layout import Layout
from skrt_hub.report import Finding
from skrt_hub.settings.model import Settings
from skrt_hub.targets import institution
from skrt_hub.targets.kubernetes.release.values import Facts, render_values

FACTS = Facts("image:1", True, None, {}, "", "", "1")
LOGIN = {
    "kind": "lti",
    "issuer": "https://moodle.example.org",
    "client_id": "abc",
    "participant_groups": ["Learner"],
    "organiser_groups": ["Instructor"],
    "platform": {"kind": "moodle", "deployments": [7]},
}
PLACE = {"public_url": "https://hub.example.org"}


def settings(*, login: dict[str, Any] | None = None, **document: Any) -> Settings:
    return Settings.model_validate({"login": {**LOGIN, **(login or {})}, **PLACE, **document})


def test_both_targets_are_told_the_same(tmp_path: Path) -> None:
    c = Config()
    configure._log_in(c, Applied(settings(), "1", Ports(1, 2, 3), tmp_path, root=False), Layout(tmp_path))
    hub = render_values(settings(target="kubernetes"), FACTS)["hub"]
    there, here = hub["config"]["LtiAuthenticator"], dict(c.LtiAuthenticator)
    assert here == there
    assert there["authorize_url"] == "https://moodle.example.org/mod/lti/auth.php"
    assert there["jwks_endpoint"] == "https://moodle.example.org/mod/lti/certs.php"
    assert (there["origin"], there["deployments"], there["client_id"]) == ("https://hub.example.org", ["7"], ["abc"])
    assert there["rule"]["groups_claim"] == "roles"
    assert hub["config"]["JupyterHub"]["cookie_max_age_days"] == c.JupyterHub.cookie_max_age_days == 0.5
    assert hub["config"]["JupyterHub"]["authenticator_class"] == "skrt_hub_login.lti.LtiAuthenticator"
    assert c.JupyterHub.authenticator_class.__name__ == "LtiAuthenticator"
    assert "extraVolumes" not in hub or not any(item["name"] == "log-in" for item in hub["extraVolumes"])


def test_the_identity_begins_as_the_hub_knows_it() -> None:
    from skrt_hub.login import lti_claims
    from skrt_hub.login.claims import Rule

    token = {"sub": "1", "https://purl.imsglobal.org/spec/lti/claim/deployment_id": "7"}
    who = lti_claims.who(LOGIN["issuer"], token, Rule())  # type: ignore[arg-type]
    assert who.identity.startswith(policy.institution.mark(settings()))
    assert not policy.institution.tells_addresses(settings())


def test_a_hosted_canvas_needs_no_addresses_and_an_own_one_its_own() -> None:
    made = settings(login={"issuer": "", "platform": {"kind": "canvas"}})
    assert made.login.issuer == "https://canvas.instructure.com"
    assert made.login.platform.where(made.login.issuer)[0] == "https://sso.canvaslms.com/api/lti/authorize_redirect"
    own = settings(login={"issuer": "https://canvas.example.org", "platform": {"kind": "canvas"}})
    assert own.login.platform.where(own.login.issuer)[1] == "https://canvas.example.org/api/lti/security/jwks"
    assert Settings.model_validate(made.model_dump(mode="json")).login == made.login  # as hub.json keeps it


@pytest.mark.parametrize("kind", ["moodle", "canvas", "other"])
def test_what_to_enter_has_the_hubs_own_addresses(kind: str) -> None:
    own = {"log_in": "https://lms.example.org/auth", "keys": "https://lms.example.org/keys"} if kind == "other" else {}
    made = settings(login={"platform": {"kind": kind, **own}})
    told = "\n".join(policy.platform.to_enter(made, policy.institution.origin(made)))
    assert "https://hub.example.org/hub/lti13/oauth_callback" in told
    assert ("https://hub.example.org/hub/lti13/config" in told) == (kind == "canvas")


def test_what_is_missing_is_named_and_up_says_what_to_do() -> None:
    made = settings(login={"client_id": "", "platform": {"kind": "moodle"}})
    assert policy.platform.missing(made) == '`client_id: ...` and `platform: {deployments: ["..."]}`'
    said = institution.notes(made)
    assert "Nobody can log in yet" in said[0]
    assert any("Initiate login URL: https://hub.example.org/hub/lti13/oauth_login" in line for line in said)
    assert policy.platform.missing(settings()) == ""


def courses_noted(made: Settings, monkeypatch: pytest.MonkeyPatch) -> list[Finding]:
    """What `check` says of courses, on either target; no platform is asked."""
    monkeypatch.setattr(institution, "_answer", lambda _: b'{"keys": [{}]}')
    return [finding for finding in institution.findings(made) if finding.name == "courses"]


@pytest.mark.parametrize("client_id", ["abc", ""])
def test_check_notes_that_every_course_leads_here(client_id: str, monkeypatch: pytest.MonkeyPatch) -> None:
    made = settings(login={"client_id": client_id, "provider": "Moodle", "organiser_groups": ["Instructor", "Tutor"]})
    (note,) = courses_noted(made, monkeypatch)
    assert not note.ok and not note.required  # `up` goes on
    assert "whoever is Instructor or Tutor in any course at Moodle that has the hub organises this class" in note.found
    assert '`courses: ["..."]`' in note.remedy and "below `login.platform`" in note.remedy


def test_where_no_role_makes_organisers_the_note_tells_of_participants_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    (note,) = courses_noted(settings(login={"organiser_groups": []}), monkeypatch)
    assert "organises" not in note.found
    assert "from any course at moodle.example.org that has the hub" in note.found


@pytest.mark.parametrize(
    "login",
    [
        {"platform": {"kind": "moodle", "deployments": [7], "courses": [42]}},
        {"kind": "oidc", "client_secret_file": "/secret", "platform": {}},
    ],
)
def test_named_courses_and_other_log_ins_are_not_noted(login: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    assert courses_noted(settings(login=login), monkeypatch) == []


@pytest.mark.parametrize(
    ("login", "document", "words"),
    [
        ({"issuer": ""}, {}, "write also `issuer`"),
        ({"platform": {}}, {}, "write also `issuer`, and `platform`"),
        ({"platform": {"deployments": ["7"]}}, {}, "write `kind`, too"),
        ({"platform": {"kind": "other"}}, {}, "`log_in` and `keys`"),
        ({"platform": {"kind": "moodle", "keys": "https://x.example"}}, {}, "need `kind: other`"),
        ({"platform": {"kind": "moodle", "deployments": ["a b"]}}, {}, "no deployment id"),
        ({"platform": {"kind": "other", "log_in": "http://x.example", "keys": "https://x.example"}}, {}, "https://"),
        ({"client_secret_file": "/secret"}, {}, "no secret"),
        ({"kind": "codes", "issuer": "", "client_id": "", "participant_groups": []}, {}, "platform needs `kind: lti`"),
        ({"participant_groups": [], "organiser_groups": []}, {}, "say who may log in"),
        ({"beyond_loopback": True}, {"address": "lan"}, "with encryption alone"),
        ({}, {"address": "lan", "tls": "class", "public_url": ""}, "public_url"),
    ],
)
def test_what_cannot_work_is_refused_in_words(login: dict[str, Any], document: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        settings(login=login, **document)
