"""From settings to JupyterHub's traits, traefik's file and a participant's sandbox: data in, data out."""

from __future__ import annotations

import json
import ssl
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from traitlets.config import Config

from skrt_hub.errors import StateError
from skrt_hub.hub import closing, control_groups
from skrt_hub.hub.applied import Applied, Ports, read_applied, write_applied
from skrt_hub.hub.certificate import certificate_file, ensure_certificate
from skrt_hub.hub.configure import configure
from skrt_hub.hub.entry_points import entry_points
from skrt_hub.hub.names import Place
from skrt_hub.hub.proxy import render_static
from skrt_hub.hub.sandboxing import Start, render_sandbox
from skrt_hub.hub.secrets import Secrets, ensure_secrets, read_secrets
from skrt_hub.layout import Layout
from skrt_hub.settings.model import Settings

LAYOUT = Layout(Path("/state"))
SECRETS = Secrets(cookie="a" * 64, proxy="b" * 64, culler="c" * 64, command="d" * 64, page="e" * 64)
ANNA = Place("anna", "anna", 1_900_000_000)


def applied(**settings: Any) -> Applied:
    return Applied(Settings.model_validate(settings), "0.1.0", Ports(8101, 8102, 8103), Path("/env"), root=True)


def traits(**settings: Any) -> Config:
    c = Config()
    configure(c, applied(**settings), LAYOUT, SECRETS)
    return c


def document(**settings: Any) -> Any:
    start = Start(ANNA, {"JUPYTERHUB_USER": "anna"}, ("--port=1",))
    return render_sandbox(applied(**settings), LAYOUT, start, machine_cpus=8)


def test_servers_and_proxy_outlive_the_hub() -> None:
    c = traits()
    assert c.JupyterHub.cleanup_servers is False
    assert c.JupyterHub.cleanup_proxy is False
    assert c.RoutesProxy.should_start is False


def test_anybody_may_log_in_only_where_there_is_no_list() -> None:
    assert traits().AccountsAuthenticator.anyone is True
    assert traits(participants=["anna"]).AccountsAuthenticator.anyone is False
    assert traits(login="codes").AccountsAuthenticator.anyone is False  # an empty list means nobody


def test_the_hub_and_the_proxys_interface_listen_on_loopback_only() -> None:
    c = traits(address="0.0.0.0", login={"kind": "first-use", "beyond_loopback": True})
    assert c.JupyterHub.hub_bind_url == "http://127.0.0.1:8101"
    assert c.RoutesProxy.traefik_api_url == "http://127.0.0.1:8102"


def test_services_may_do_what_they_need_and_no_more() -> None:
    roles = {role["name"]: set(role["scopes"]) for role in traits().JupyterHub.load_roles}
    assert "admin:users" not in roles["culler"]
    assert "delete:servers" in roles["culler"]


@pytest.mark.parametrize("is_open", [True, False])
def test_a_closed_hub_keeps_its_address_in_all_spellings_and_answers_that_it_is_closed(is_open: bool) -> None:
    public = entry_points(Settings.model_validate({"port": 8010}))
    static = tomllib.loads(render_static(public, applied(port=8010), LAYOUT, open_to_people=is_open))
    entries = [entry for name, entry in static["entryPoints"].items() if name.startswith("http")]
    assert {entry["address"] for entry in entries} == {"127.0.0.1:8010", "[::1]:8010"}
    provider = static["providers"]["file"]
    assert (
        provider == {"filename": f"{LAYOUT.run}/routes/routes.yaml", "watch": True}
        if is_open
        else "directory" in provider
    )
    assert static["entryPoints"]["auth_api"]["address"] == "127.0.0.1:8102"


def test_data_that_is_not_there_keeps_no_server_from_starting() -> None:
    made = applied(data=[{"name": "ct", "folder": "/srv/ct"}], datasets=["lctsc", "4d-lung"])
    start = Start(ANNA, {}, (), absent=frozenset({"ct", "4d-lung"}))
    shown = render_sandbox(made, LAYOUT, start, machine_cpus=8).read_only
    assert {bind.inside: bind.source for bind in shown if bind.inside.startswith("/data")} == {
        "/data/lctsc": "/state/datasets/lctsc"
    }


def test_a_participant_sees_the_own_home_and_named_data_only() -> None:
    shown = document(data=[{"name": "ct", "folder": "/srv/ct"}])
    assert shown.home == "/state/homes/anna"
    binds = {bind.inside: bind.source for bind in shown.read_only}
    assert binds == {"/data/ct": "/srv/ct", "/srv/material": "/state/material/shown"}
    assert shown.read_write == ()
    assert shown.user.uid == ANNA.uid
    assert shown.isolated is True


def test_no_secret_of_the_hub_reaches_a_participant() -> None:
    text = document().to_json()
    for secret in vars(SECRETS).values():
        assert secret not in text
    assert "/state/secrets" not in text


def test_threads_fit_the_limit() -> None:
    variables = document(limits={"cpu": 2.5}).environment
    assert variables["OMP_NUM_THREADS"] == variables["ITK_GLOBAL_DEFAULT_NUMBER_OF_THREADS"] == "3"


def test_without_a_sandbox_the_home_is_where_it_is() -> None:
    shown = document(sandbox="none")
    assert shown.isolated is False
    assert shown.environment["HOME"] == shown.working_directory == "/state/homes/anna"


def test_what_was_applied_is_read_back_equal(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    before = applied(limits={"memory": "3 GB"}, material=[{"folder": "/x"}], participants=["anna"])
    assert read_applied(layout) is None
    write_applied(layout, before)
    assert read_applied(layout) == before
    assert read_applied(layout) != replace(before, version="9")
    assert layout.applied.stat().st_mode & 0o777 == 0o600


def test_a_damaged_record_is_refused_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "hub.json").write_text('{"settings": {"port": "x"}}', encoding="utf-8")
    with pytest.raises(StateError, match="damaged"):
        read_applied(Layout(tmp_path))


def test_secrets_are_made_once_private_and_64_digits(tmp_path: Path) -> None:
    first = ensure_secrets(tmp_path / "secrets")
    assert ensure_secrets(tmp_path / "secrets") == first == read_secrets(tmp_path / "secrets")
    assert len({*vars(first).values()}) == 5
    assert all(file.stat().st_mode & 0o777 == 0o600 for file in (tmp_path / "secrets").iterdir())


@pytest.mark.parametrize("damage", ["", "abc", "z" * 64, "a" * 63])
def test_a_damaged_secret_is_refused_and_kept(tmp_path: Path, damage: str) -> None:
    ensure_secrets(tmp_path)
    (tmp_path / "cookie").write_text(damage, encoding="ascii")
    with pytest.raises(StateError, match="damaged"):
        ensure_secrets(tmp_path)
    assert (tmp_path / "cookie").read_text(encoding="ascii") == damage


def test_a_secret_that_others_can_read_is_refused(tmp_path: Path) -> None:
    ensure_secrets(tmp_path)
    (tmp_path / "proxy").chmod(0o644)
    with pytest.raises(StateError, match="read by others"):
        ensure_secrets(tmp_path)


def test_the_proxy_has_a_certificate_so_that_it_makes_none_at_each_change(tmp_path: Path) -> None:
    file = certificate_file(Layout(tmp_path))
    file.parent.mkdir()
    ensure_certificate(Layout(tmp_path), Settings())
    ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(
        file
    )  # raises where key and certificate do not belong together
    assert file.stat().st_mode & 0o777 == 0o600
    made = file.read_bytes()
    ensure_certificate(Layout(tmp_path), Settings())
    assert file.read_bytes() == made
    shown = traits().RoutesProxy.extra_dynamic_config["tls"]["stores"]["default"]["defaultCertificate"]
    assert set(shown.values()) == {str(certificate_file(LAYOUT))}


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("memory/{}/memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 3\n"),
        ("memory/{}/other", "oom_kill 9\n"),
    ],
)
def test_processes_that_the_system_ended_for_memory_are_counted(tmp_path: Path, file: str, text: str) -> None:
    state = tmp_path / "state"
    (group,) = {
        Path(path).name for path in control_groups.ensure(state, "anna", applied().settings.limits, _groups(tmp_path))
    }
    told = tmp_path / file.format(group)
    told.write_text(text)
    assert control_groups.times_killed(state, "anna", tmp_path) == (3 if told.name == "memory.oom_control" else 0)
    assert control_groups.times_killed(state, "bert", tmp_path) == 0


def test_groups_of_servers_that_ended_are_removed_and_no_other(tmp_path: Path) -> None:
    state, root, limits = tmp_path / "state", _groups(tmp_path), applied().settings.limits
    for folder in ("anna", "bert", "bert-2"):
        for group in map(Path, control_groups.ensure(state, folder, limits, root)):
            for file in group.iterdir():  # the kernel's own files go with the group
                file.unlink()
    (root / "memory" / "somebody-elses").mkdir()
    control_groups.remove(state, "bert", root, patience=0)
    assert {path.name.rpartition("-")[2] for path in root.glob("*/skrt-hub-*")} == {"anna", "2"}
    (next(root.glob("memory/*-anna")) / "tasks").write_text("1")  # a process is left in it
    control_groups.remove_all(state, root, patience=0)
    assert {path.name.rpartition("-")[2] for path in root.glob("memory/*")} == {"anna", "elses"}


def _groups(root: Path) -> Path:
    """A tree as that of control groups of version 1."""
    for controller in ("memory", "pids", "cpu"):
        (root / controller).mkdir()
    return root


def test_an_automatic_certificate_is_asked_for_by_name() -> None:
    settings = {"address": "hub.example.org", "port": 443, "tls": {"acme": "you@example.org"}, "participants": ["anna"]}
    public = entry_points(applied(**settings).settings)
    static = tomllib.loads(render_static(public, applied(**settings), LAYOUT, open_to_people=True))
    for entry in (entry for entry in public if not entry.leads_on):
        encrypted = static["entryPoints"][entry.name]["http"]["tls"]
        assert encrypted == {"certResolver": "automatic", "domains": [{"main": "hub.example.org"}]}
    assert static["certificatesResolvers"]["automatic"]["acme"]["email"] == "you@example.org"


def test_the_plain_port_only_leads_on() -> None:
    settings = applied(address="hub.example.org", port=443, tls="class", participants=["anna"])
    public = entry_points(settings.settings)
    static = tomllib.loads(render_static(public, settings, LAYOUT, open_to_people=True))["entryPoints"]
    for entry in public:
        http = static[entry.name]["http"]
        assert ("tls" in http) is not entry.leads_on
        assert ("redirections" in http) is entry.leads_on


@pytest.mark.parametrize("tls", [{}, {"tls": "class"}])
def test_pages_are_encrypted_where_that_is_written_and_a_closed_hub_stays_so(tls: dict[str, str]) -> None:
    for is_open in (True, False):
        public = entry_points(applied(**tls).settings)
        entry = tomllib.loads(render_static(public, applied(**tls), LAYOUT, open_to_people=is_open))["entryPoints"][
            "http"
        ]
        assert ("tls" in entry.get("http", {})) is bool(tls)


def test_whoever_connects_and_never_asks_is_cut_off_by_the_proxy() -> None:
    public = entry_points(applied().settings)
    entries = tomllib.loads(render_static(public, applied(), LAYOUT, open_to_people=True))["entryPoints"]
    assert {entries[entry.name]["transport"]["respondingTimeouts"]["readTimeout"] for entry in public} == {"10m"}
    assert {entries[entry.name]["transport"]["lifeCycle"]["graceTimeOut"] for entry in public} == {"1s"}


def test_a_closed_hub_turns_everybody_away_but_its_organisers() -> None:
    closed = json.loads(closing.render(None, ["http", "http2"]))["http"]["routers"]["closed"]
    assert (closed["rule"], closed["middlewares"], closed["entryPoints"]) == (
        "PathPrefix(`/`)",
        ["closed"],
        ["http", "http2"],
    )
    rule = closing.rule(("maria", "o'brien"))
    assert rule.startswith("PathPrefix(`/user/`) && !(PathPrefix(`/user/maria/`) || ")
    assert "PathPrefix(`/user/o%27brien/`)" in rule  # as browsers write it
    routers = traits().RoutesProxy.extra_dynamic_config["http"]["routers"]
    assert routers["assets"]["priority"] < closed["priority"] < routers["other-host"]["priority"]


def test_a_closed_hub_does_not_answer_as_if_kernels_had_died() -> None:
    """About a kernel, JupyterLab waits at 503 and 424, and takes all else for its end."""
    middlewares = traits().RoutesProxy.extra_dynamic_config["http"]["middlewares"]
    page, refusal = middlewares["closed"]["chain"]["middlewares"]
    assert middlewares[refusal]["ipAllowList"]["rejectStatusCode"] == 503
    assert middlewares[page]["errors"]["status"] == ["503"]
    assert "rejectStatusCode" not in middlewares["nobody"]["ipAllowList"]


def test_without_namespaces_the_home_is_where_it_is_and_everything_shown_can_be_read() -> None:
    settings = Settings.model_validate({"data": [{"name": "set", "folder": "/srv/set"}]})
    hub = Applied(settings, "0.1.0", Ports(8101, 8102, 8103), Path("/env"), root=True, sandbox="landlock")
    environment = {"JUPYTERHUB_API_URL": "http://127.0.0.1:8101/hub/api"}
    start = Start(Place("anna", "anna", 1_879_050_007), environment, (), listening=True)
    shown = render_sandbox(hub, Layout(Path("/state")), start, machine_cpus=8)
    assert (shown.isolated, shown.confined) == (False, True)
    assert shown.working_directory == "/state/homes/anna"
    assert {bind.source for bind in shown.read_only} == {"/srv/set", "/state/material/shown"}
    assert shown.environment["SKRT_DOOR"] == "/state/run/door/hub.sock"
    assert shown.environment["JUPYTERHUB_API_URL"].startswith("http://hub.skrt-hub.internal")


def test_the_way_to_the_class_page_is_there_with_organisers_only() -> None:
    for organisers, there in (([], False), (["maria"], True)):
        routers = traits(organisers=organisers).RoutesProxy.extra_dynamic_config["http"]["routers"]
        assert ("class-page" in routers) is there


def test_at_a_participants_name_there_is_that_participants_server_alone() -> None:
    public = "https://hub.example.org"
    routers = traits(public_url=public, participant_url="https://*.hub.example.org", organisers=["olga"])
    extra = routers.RoutesProxy.extra_dynamic_config["http"]
    route = extra["routers"]["names-of-participants"]
    assert route["priority"] > extra["routers"]["class-page"]["priority"]
    assert extra["middlewares"][route["middlewares"][0]]["redirectRegex"]["replacement"].startswith(f"{public}/")
    assert "names-of-participants" not in traits().RoutesProxy.extra_dynamic_config["http"]["routers"]
