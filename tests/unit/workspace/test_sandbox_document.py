"""The sandbox document: what it says survives the way through JSON, and what it must not say is refused by name."""

import json

import pytest

from skrt_workspace.sandbox.document import Bind, Limits, SandboxDocument, Temporary, User
from skrt_workspace.sandbox.errors import DocumentError

SMALLEST = {"home": "/state/homes/bob", "command": ["/env/bin/python"]}


def test_a_full_document_survives_the_way_through_json() -> None:
    document = SandboxDocument(
        home="/state/homes/bob",
        command=("/env/bin/python", "-m", "x", "--", "ü\n"),
        environment={"A": "1", "B": ""},
        working_directory="/home/jovyan/examples",
        log_file="/state/log/bob.log",
        isolated=False,
        user=User(200001, 200001),
        hostname="class",
        read_only=(Bind("/data", "/data"),),
        read_write=(Bind("/exchange", "/mnt/exchange"),),
        temporary=(Temporary("/tmp", 1 << 30),),
        limits=Limits(processes=512, open_files=4096, cpus=(0, 1), niceness=5),
        control_groups=("/sys/fs/cgroup/skrt/bob",),
        notices="/state/run/notices/bob",
    )
    assert SandboxDocument.from_json(document.to_json()) == document


def test_only_home_and_command_are_needed() -> None:
    document = SandboxDocument.from_json(json.dumps(SMALLEST))
    assert document.isolated
    assert document.user is None
    assert {place.inside for place in document.temporary} == {"/tmp", "/run", "/dev/shm"}


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"hom": "/x"}, "document.hom"),
        ({"home": "state/bob"}, "home"),
        ({"home": "/state/../etc"}, "home"),
        ({"home": "/state/bob/"}, "home"),
        ({"command": []}, "command"),
        ({"command": "ls"}, "command"),
        ({"command": ["python"]}, "command[0]"),
        ({"command": ["/bin/a", "b\0c"]}, "document.command[1]"),
        ({"environment": {"A=B": "1"}}, "environment"),
        ({"environment": {"A": 1}}, "document.environment.A"),
        ({"isolated": "no"}, "document.isolated"),
        ({"user": {"uid": 0, "gid": 5}}, "user"),
        ({"user": {"uid": True, "gid": 5}}, "document.user.uid"),
        ({"user": {"uid": 5}}, "document.user.gid"),
        ({"hostname": "a b"}, "hostname"),
        ({"limits": {"processes": 2}}, "limits.processes"),
        ({"limits": {"cpus": []}}, "limits.cpus"),
        ({"limits": {"niceness": -5}}, "limits.niceness"),
        ({"temporary": [{"inside": "/home/jovyan/tmp", "size": 1 << 30}]}, "temporary"),
        ({"log_file": "log"}, "log_file"),
        ({"control_groups": ["x"]}, "control_groups"),
    ],
)
def test_what_a_document_must_not_say_is_refused_by_name(change: dict[str, object], named: str) -> None:
    with pytest.raises(DocumentError, match=named.replace("[", r"\[")):
        SandboxDocument.from_json(json.dumps({**SMALLEST, **change}))


@pytest.mark.parametrize(
    "inside",
    [
        "/",
        "/home",
        "/home/jovyan",
        "/home/jovyan/data",
        "/etc",
        "/etc/passwd",
        "/proc/1",
        "/dev/null",
        "/run/skrt/x",
        "/usr/share/x",
    ],
)
def test_no_bind_hides_the_system_or_lies_in_the_home(inside: str) -> None:
    for key in ("read_only", "read_write"):
        with pytest.raises(DocumentError, match="bind"):
            SandboxDocument.from_json(json.dumps({**SMALLEST, key: [{"source": "/data", "inside": inside}]}))


def test_the_same_place_cannot_be_bound_twice() -> None:
    binds = [{"source": "/a", "inside": "/data"}, {"source": "/b", "inside": "/data"}]
    with pytest.raises(DocumentError, match="twice"):
        SandboxDocument.from_json(json.dumps({**SMALLEST, "read_only": binds}))


@pytest.mark.parametrize("missing", ["home", "command"])
def test_what_is_missing_is_named(missing: str) -> None:
    with pytest.raises(DocumentError, match=f"document.{missing}: is missing"):
        SandboxDocument.from_json(json.dumps({key: value for key, value in SMALLEST.items() if key != missing}))


def test_text_that_is_not_json_is_refused() -> None:
    with pytest.raises(DocumentError, match="not JSON"):
        SandboxDocument.from_json(b"\xff{")


@pytest.mark.parametrize("path", ["/etc/shadow", "/dev/../etc/shadow", "/dev/shm/x", "dev/nvidia0"])
def test_only_files_of_devices_are_devices(path: str) -> None:
    with pytest.raises(DocumentError):
        SandboxDocument(home="/srv/a", command=("/bin/true",), devices=(path,))
    assert SandboxDocument(home="/srv/a", command=("/bin/true",), devices=("/dev/nvidia-caps/nvidia-cap1",)).devices
