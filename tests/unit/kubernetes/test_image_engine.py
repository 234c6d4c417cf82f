"""What docker and podman answer, and what is made of it. The texts are those of docker 20.10 and 28 and podman 4.3."""

from __future__ import annotations

import pytest

from skrt_hub.errors import NetworkError, PermissionsError, PrerequisiteError, ProgramError, SkrtHubError
from skrt_hub.process import Finished
from skrt_hub.targets import engine as finding
from skrt_hub.targets.kubernetes.image import engine as module
from skrt_hub.targets.kubernetes.image import output
from skrt_hub.targets.kubernetes.image.engine import Engine, find_engine
from skrt_hub.targets.kubernetes.image.load import require_same_processor

DOCKER_VERSION = (
    '{"Client":{"Version":"28.2.2","ApiVersion":"1.50","Os":"linux","Arch":"amd64","Context":"default"},'
    '"Server":{"Version":"20.10.24+dfsg1","ApiVersion":"1.41","Os":"linux","Arch":"amd64"}}'
)
DOCKER_SILENT = '{"Client":{"Version":"28.2.2","ApiVersion":"1.50","Context":"default"},"Server":null}'
PODMAN_VERSION = '{"Client":{"APIVersion":"4.3.1","Version":"4.3.1","GoVersion":"go1.19.8","OsArch":"linux/amd64"}}'
NO_RIGHT = (
    "permission denied while trying to connect to the Docker daemon socket at unix:///var/run/docker.sock: "
    'Get "http://%2Fvar%2Frun%2Fdocker.sock/v1.50/version": dial unix /var/run/docker.sock: connect: permission denied'
)
NOT_RUNNING = "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?"
NO_FOLDER = "Error: creating runtime static files directory: mkdir /nonexistent/libpod: permission denied"
PUSHING = "Getting image source signatures\nCopying blob sha256:c65ad709\nCopying blob sha256:a44e2f87\n"
REUSE = "Error: trying to reuse blob sha256:a2f2e0ac at destination: "


class Programs:
    """What is on PATH, in place of real programs: each answers as told, and its arguments are noted."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._answers: dict[str, tuple[int, str, str]] = {}
        self.asked: list[str] = []
        monkeypatch.setattr("shutil.which", lambda name: name if name in self._answers else None)
        for door in (module, finding):
            monkeypatch.setattr(door, "run", self._run)

    def add(self, name: str, *, out: str = "", err: str = "", code: int = 0) -> None:
        self._answers[name] = (code, out, err)

    def _run(self, arguments: tuple[str, ...], **_: object) -> Finished:
        self.asked.append(" ".join(arguments))
        return Finished(arguments, *self._answers[arguments[0]])


@pytest.fixture
def programs(monkeypatch: pytest.MonkeyPatch) -> Programs:
    return Programs(monkeypatch)


def test_docker_is_taken_before_podman(programs: Programs) -> None:
    programs.add("docker", out=DOCKER_VERSION)
    programs.add("podman", out=PODMAN_VERSION)
    engine = find_engine()
    assert (engine.name, engine.version, engine.architecture) == ("docker", "20.10.24+dfsg1", "amd64")


@pytest.mark.parametrize("words", [NO_RIGHT, NOT_RUNNING])
def test_podman_is_taken_where_docker_does_not_answer(programs: Programs, words: str) -> None:
    programs.add("docker", out=DOCKER_SILENT, err=words, code=1)
    programs.add("podman", out=PODMAN_VERSION)
    engine = find_engine()
    assert (engine.name, engine.version, engine.architecture) == ("podman", "4.3.1", "amd64")


@pytest.mark.parametrize(
    ("docker", "podman", "kind", "words"),
    [
        (None, None, PrerequisiteError, ["Neither docker nor podman", "podman.io", "kubernetes.image.name"]),
        (NO_RIGHT, None, PermissionsError, ["docker may not be used by you", "/var/run/docker.sock", "group docker"]),
        (NOT_RUNNING, None, PrerequisiteError, ["docker does not run", "systemctl start docker"]),
        (None, NO_FOLDER, PrerequisiteError, ["podman does not work", "/nonexistent/libpod", "podman info"]),
        (NOT_RUNNING, NO_FOLDER, PrerequisiteError, ["docker does not run", "/var/run/docker.sock", "/nonexistent"]),
    ],
)
def test_without_an_engine_it_is_told_why(
    programs: Programs, docker: str | None, podman: str | None, kind: type[SkrtHubError], words: list[str]
) -> None:
    if docker is not None:
        programs.add("docker", out=DOCKER_SILENT, err=docker, code=1)
    if podman is not None:
        programs.add("podman", err=podman, code=125)
    with pytest.raises(kind) as caught:
        find_engine()
    assert [word for word in words if word not in str(caught.value)] == []
    assert (docker is None) == ("docker does" not in str(caught.value) and "docker may" not in str(caught.value))


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("Step 3/22 : RUN apt-get update", (2, 22, "RUN apt-get update")),
        ("STEP 2/2: RUN id", (1, 2, "RUN id")),
        ("[1/5] STEP 1/2: FROM debian:trixie-slim AS debian", (0, 5, "FROM debian:trixie-slim AS debian")),
        ("[3/5] STEP 2/4: COPY lock /build/lock", (2.25, 5, "COPY lock /build/lock")),
        ("#8 [libraries 2/2] RUN for i in 1 2; do echo $i; done", (None, None, "RUN for i in 1 2; do echo $i; done")),
        ("#9 [stage-2 1/1] COPY --from=libraries /x /x", (None, None, "COPY --from=libraries /x /x")),
        ("#2 [internal] load .dockerignore", None),
        ("#5 1.109 hello", None),
        ("#8 DONE 0.6s", None),
        (" ---> Using cache", None),
        ("Setting up python3 (3.13.5-1) ...", None),
    ],
)
def test_each_builder_tells_what_it_does(line: str, expected: tuple[float | None, float | None, str] | None) -> None:
    assert output.build_step(line) == expected


@pytest.mark.parametrize(
    ("registry", "engine", "text", "kind", "words"),
    [
        ("127.0.0.1:5056", "docker", "no basic auth credentials", PermissionsError, ["docker login 127.0.0.1:5056"]),
        ("127.0.0.1:5056", "docker", "unauthorized: authentication required", PermissionsError, ["does not let you"]),
        (
            "127.0.0.1:5056",
            "podman",
            f"{PUSHING}{REUSE}checking whether a blob sha256:a2f2e0ac exists in 127.0.0.1:5056/physics/x: "
            "unauthorized: authentication required",
            PermissionsError,
            ["podman login --tls-verify=false 127.0.0.1:5056", "authentication required"],
        ),
        (
            "127.0.0.1:5057",
            "docker",
            'Get "http://127.0.0.1:5057/v2/": dial tcp 127.0.0.1:5057: connect: connection refused',
            NetworkError,
            ["127.0.0.1:5057 cannot be reached", "connection refused", "kubernetes.image.push"],
        ),
        (
            "registry.example.org",
            "podman",
            f"{PUSHING}{REUSE}pinging container registry registry.example.org: "
            'Get "https://registry.example.org/v2/": dial tcp: lookup registry.example.org: no such host',
            NetworkError,
            ["registry.example.org cannot be reached", "no such host"],
        ),
        (
            "10.0.0.7:5000",
            "podman",
            f"{PUSHING}{REUSE}pinging container registry 10.0.0.7:5000: "
            'Get "https://10.0.0.7:5000/v2/": http: server gave HTTP response to HTTPS client',
            ProgramError,
            ["speaks plain HTTP", "podman"],
        ),
        ("registry.example.org", "docker", "manifest invalid", ProgramError, ["manifest invalid", "image.push"]),
    ],
)
def test_a_failed_push_names_registry_reason_and_what_to_type(
    registry: str, engine: str, text: str, kind: type[SkrtHubError], words: list[str]
) -> None:
    error = output.push_error(engine, registry, text)
    assert type(error) is kind
    assert [word for word in words if word not in str(error)] == []
    assert "Copying blob" not in str(error)


@pytest.mark.parametrize(
    ("image", "plain"),
    [
        ("127.0.0.1:5055/physics/skrt-hub-workspace:1", True),
        ("localhost:5000/x:1", True),
        ("registry.example.org/physics/x:1", False),
        ("10.0.0.7:5000/x:1", False),
    ],
)
def test_podman_pushes_without_encryption_to_this_machine_only(programs: Programs, image: str, plain: bool) -> None:
    programs.add("podman")
    programs.add("docker")
    Engine("podman", "4.3.1").push(image)
    Engine("docker", "28.2.2").push(image)
    assert programs.asked == [f"podman push {'--tls-verify=false ' if plain else ''}{image}", f"docker push {image}"]


def test_a_refused_push_is_an_error_of_its_own(programs: Programs) -> None:
    programs.add(
        "docker", out="The push refers to repository [127.0.0.1:5056/x]", err="no basic auth credentials", code=1
    )
    with pytest.raises(PermissionsError) as caught:
        Engine("docker", "28.2.2").push("127.0.0.1:5056/x/y:1")
    assert caught.value.why == "no basic auth credentials"


def node(name: str, architecture: str) -> dict[str, object]:
    return {"metadata": {"name": name}, "status": {"nodeInfo": {"architecture": architecture}}}


@pytest.mark.parametrize("types", [[], ["amd64"], ["amd64", "amd64"], [""]])
def test_a_cluster_that_can_start_the_image_is_not_refused(types: list[str]) -> None:
    require_same_processor(["amd64"], [node(f"n{number}", kind) for number, kind in enumerate(types)])


def test_nodes_that_all_have_another_processor_are_named() -> None:
    nodes = [node("a", "arm64"), node("b", "arm64")]
    with pytest.raises(PrerequisiteError) as caught:
        require_same_processor(["amd64"], nodes)
    assert caught.value.why == "It would be built for amd64; a is arm64, b is arm64."
    assert "kubernetes.image.platforms: [linux/arm64]" in caught.value.remedy
    require_same_processor([""], nodes)  # the engine does not tell
    require_same_processor(["arm64"], nodes, chosen=True)
    with pytest.raises(PrerequisiteError):
        require_same_processor(["amd64"], nodes, chosen=True)


def test_a_cluster_of_several_types_needs_a_choice() -> None:
    nodes = [node("a", "arm64"), node("b", "amd64")]
    with pytest.raises(PrerequisiteError) as caught:
        require_same_processor(["amd64"], nodes)
    assert "some have another type" in caught.value.what
    assert caught.value.why == "It would be built for amd64; a is arm64."
    assert "kubernetes.image.platforms: [linux/amd64, linux/arm64]" in caught.value.remedy
    require_same_processor(["amd64"], nodes, chosen=True)
    require_same_processor(["amd64", "arm64"], nodes, chosen=True)


def test_a_processor_that_no_image_can_be_built_for_here_is_not_offered() -> None:
    with pytest.raises(PrerequisiteError) as caught:
        require_same_processor(["amd64"], [node("a", "ppc64le")])
    assert "platforms" not in caught.value.remedy
    assert caught.value.remedy.startswith("Type `skrt-hub image push` on a machine of that type")


def test_one_name_is_pushed_for_several_platforms(programs: Programs) -> None:
    programs.add("podman")
    programs.add("docker")
    there, here = "registry.example.org/p/x:1", "127.0.0.1:5055/p/x:1"
    for name in ("docker", "podman"):
        Engine(name, "1").push_list(there, [f"{there}-amd64", f"{there}-arm64"])
    Engine("docker", "1").push_list(here, [f"{here}-amd64"])
    assert programs.asked == [
        f"docker manifest rm {there}",
        f"docker manifest create {there} {there}-amd64 {there}-arm64",
        f"docker manifest push --purge {there}",
        f"podman manifest rm {there}",
        f"podman manifest create {there} containers-storage:{there}-amd64 containers-storage:{there}-arm64",
        f"podman manifest push --all {there} docker://{there}",
        f"docker manifest rm {here}",
        f"docker manifest create --insecure {here} {here}-amd64",
        f"docker manifest push --purge --insecure {here}",
    ]


def test_docker_without_its_build_plugin_builds_for_its_own_processor_only(programs: Programs) -> None:
    programs.add("docker", err="docker: 'buildx' is not a docker command.", code=1)
    programs.add("podman", code=1)
    Engine("docker", "1", architecture="amd64").require_platforms(["linux/amd64"])
    Engine("docker", "1").require_platforms(["linux/amd64"])  # it does not tell what it builds for
    Engine("podman", "1", architecture="amd64").require_platforms(["linux/amd64", "linux/arm64"])
    with pytest.raises(PrerequisiteError) as caught:
        Engine("docker", "1", architecture="amd64").require_platforms(["linux/amd64", "linux/arm64"])
    assert "linux/arm64" in caught.value.what
    assert "linux/amd64" not in caught.value.what


def test_a_machine_that_cannot_imitate_the_other_processor_is_told() -> None:
    words = "exec container process `/bin/sh`: Exec format error\nError: building at STEP 3/7: exit status 1"
    error = output.build_error("podman", 1, words)
    assert isinstance(error, PrerequisiteError)
    assert "qemu-user-static" in error.remedy


def test_too_few_user_numbers_for_podman_are_told() -> None:
    text = (
        "STEP 1/2: FROM docker.io/library/debian:trixie-slim\nError: creating build container: writing blob: adding "
        "layer: ApplyLayer stdout:  stderr: potentially insufficient UIDs or GIDs available in user namespace "
        "(requested 0:42 for /etc/gshadow): Check /etc/subuid and /etc/subgid if configured locally and run "
        "podman-system-migrate"
    )
    error = output.build_error("podman", 125, text)
    assert type(error) is PrerequisiteError
    assert "/etc/subuid" in error.why
    assert "--add-subuids" in error.remedy


def test_a_base_image_that_cannot_be_pulled_is_the_networks_fault() -> None:
    text = (
        "Error: creating build container: initializing source docker://debian:trixie-slim: pinging container registry "
        'registry-1.docker.io: Get "https://registry-1.docker.io/v2/": dial tcp: lookup registry-1.docker.io: '
        "no such host"
    )
    assert type(output.build_error("podman", 125, text)) is NetworkError


def test_a_failed_instruction_is_told_shortly() -> None:
    instruction = "RUN " + "echo word && " * 100 + "false"
    error = output.build_error(
        "podman", 1, f'Error: building at STEP "{instruction}": while running runtime: exit status 1'
    )
    assert type(error) is ProgramError
    assert len(error.why) < 300
    assert error.why.endswith("while running runtime: exit status 1")
