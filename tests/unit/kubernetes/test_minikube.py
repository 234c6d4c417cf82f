"""minikube's answers, as minikube 1.38 printed them for profiles in each state (with the docker driver)."""

from __future__ import annotations

import json

import pytest

from skrt_hub.targets.kubernetes.cluster.minikube import profile_from


def message(text: str) -> str:
    return json.dumps(
        {
            "specversion": "1.0",
            "id": "4ae65b39-38ed-48e3-ab82-4667028a7293",
            "source": "https://minikube.sigs.k8s.io/",
            "type": "io.k8s.sigs.minikube.info",
            "datacontenttype": "application/json",
            "data": {"message": text},
        }
    )


NO_PROFILE = [
    message('Profile "class" not found. Run "minikube profile list" to view all profiles.'),
    message('To start a cluster, run: "minikube start -p class"'),
]
STOPPED = (
    '{"Name":"class","Host":"Stopped","Kubelet":"Stopped","APIServer":"Stopped","Kubeconfig":"Stopped","Worker":false}'
)
NO_HOST = """\
E1124 10:57:39.055940   28940 status.go:183] the "class" host does not exist
E1124 10:57:39.055964   28940 status.go:127] status error: the "class" host does not exist
"""
NO_CONTAINER = """\
E1124 10:57:39.209113   28969 status.go:127] status error: host: state: unknown state "class": docker container \
inspect class --format={{.State.Status}}: exit status 1
stdout:


stderr:
Error response from daemon: No such container: class
"""
NO_DOCKER = 'E1124 10:57:39.2 1 status.go:127] status error: exec: "docker": executable file not found in $PATH\n'


@pytest.mark.parametrize(
    ("out", "err", "state"),
    [
        ("\n".join(NO_PROFILE), "", "absent"),
        (NO_PROFILE[0], "", "absent"),
        (STOPPED, "", "stopped"),
        (STOPPED.replace("Stopped", "Paused"), "", "stopped"),
        (
            STOPPED.replace("Stopped", "Running").replace('"Kubeconfig":"Running"', '"Kubeconfig":"Configured"'),
            "",
            "running",
        ),
        (f"[{STOPPED}, {STOPPED}]", "", "stopped"),
        ("null", NO_HOST, "absent"),
        ("null", NO_CONTAINER, "broken"),
        ("null", NO_DOCKER, "broken"),
        (message("Another fault."), "", "broken"),
        ("no JSON at all", "", "broken"),
    ],
)
def test_the_state_of_a_profile(out: str, err: str, state: str) -> None:
    assert profile_from("class", out, err).state == state


def test_a_fault_is_told_in_minikubes_words() -> None:
    assert profile_from("class", "null", NO_CONTAINER).detail.endswith("No such container: class")
    assert profile_from("class", message("Another fault."), "").detail == "Another fault."
