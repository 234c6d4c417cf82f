"""What Kubernetes says, in plain words: pods, claims, releases and refusals as the real programs print them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from skrt_hub.errors import BusyError, ClusterError, PermissionsError, RefusedError, SkrtHubError, StateError
from skrt_hub.targets.kubernetes.cluster import contexts
from skrt_hub.targets.kubernetes.cluster.helm import Revision
from skrt_hub.targets.kubernetes.cluster.kubectl import explain, is_unreachable
from skrt_hub.targets.kubernetes.pods import diagnosis
from skrt_hub.targets.kubernetes.preflight import in_words, permissions_remedy
from skrt_hub.targets.kubernetes.release import recover
from skrt_hub.targets.kubernetes.release.priorities import classes_in
from skrt_hub.targets.kubernetes.release.revisions import Release, owner_of, refuse_others


def pod(component: str = "hub", **status: Any) -> dict[str, Any]:
    return {
        "kind": "Pod",
        "metadata": {"name": f"{component}-0", "uid": f"uid-{component}", "labels": {"component": component}},
        "status": status,
    }


def waiting(reason: str, message: str = "", **more: Any) -> dict[str, Any]:
    return {"image": "example.org/a:1", "state": {"waiting": {"reason": reason, "message": message}}, **more}


def event(about: dict[str, Any], reason: str, message: str) -> dict[str, Any]:
    return {"involvedObject": {"uid": about["metadata"]["uid"]}, "reason": reason, "message": message}


def unschedulable(message: str) -> dict[str, Any]:
    condition = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": message}
    return pod(phase="Pending", conditions=[condition])


def only(found: list[diagnosis.Trouble]) -> diagnosis.Trouble:
    assert len(found) == 1, found
    return found[0]


@pytest.mark.parametrize(
    ("message", "told"),
    [
        ("0/1 nodes are available: 1 Insufficient memory. preemption: 0/1 nodes are available.", "enough memory"),
        ("0/3 nodes are available: 3 Insufficient cpu.", "enough processors"),
        ("0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims.", "its volume"),
        ("0/1 nodes are available: 1 node(s) had untolerated taint {node.kubernetes.io/disk-pressure: }.", "disk"),
        ("0/1 nodes are available: 1 node(s) had untolerated taint {node.kubernetes.io/not-ready: }.", "no node"),
        ("0/1 nodes are available: 1 Too many pods.", "as many pods as they may"),
        ("0/2 nodes are available: 2 node(s) didn't match Pod's node affinity/selector.", "none of the nodes"),
    ],
)
def test_a_pod_without_a_node_says_what_is_missing(message: str, told: str) -> None:
    item = unschedulable(message)
    assert diagnosis.state(item) == "waiting"
    assert told in only(diagnosis.troubles([item], [], [])).what


def test_a_cluster_that_grows_is_waited_for_without_end() -> None:
    item = unschedulable("0/1 nodes are available: 1 Insufficient cpu.")
    growing = event(item, "TriggeredScaleUp", "pod triggered scale-up")
    assert only(diagnosis.troubles([item], [], [growing])).patience is None


@pytest.mark.parametrize(
    ("message", "told"),
    [
        ('failed to pull and unpack image "x": failed to resolve reference "x": x: not found', "no such image"),
        ("failed to authorize: 401 Unauthorized", "refuses"),
        ("dial tcp: lookup example.org: no such host", "cannot reach"),
        ("x509: certificate signed by unknown authority", "certificate"),
        ("write /var/lib/containerd: no space left on device", "full"),
    ],
)
def test_an_image_that_cannot_be_pulled_says_why(message: str, told: str) -> None:
    item = pod(phase="Pending", containerStatuses=[waiting("ImagePullBackOff", message)])
    assert diagnosis.state(item) == "failing"
    trouble = only(diagnosis.troubles([item], [], []))
    assert "example.org/a:1" in trouble.what
    assert told in trouble.what


def test_a_container_killed_for_memory_says_so_even_while_it_waits_to_be_started_again() -> None:
    last = {"lastState": {"terminated": {"reason": "OOMKilled", "exitCode": 137}}}
    item = pod(phase="Running", containerStatuses=[waiting("CrashLoopBackOff", **last)])
    assert "memory" in only(diagnosis.troubles([item], [], [])).what


def test_what_ended_three_times_is_not_waited_for() -> None:
    def patience(restarts: int) -> float:
        item = pod(phase="Running", containerStatuses=[waiting("CrashLoopBackOff", restartCount=restarts)])
        return only(diagnosis.troubles([item], [], [])).patience or 0

    assert patience(1) > patience(2)
    assert patience(2) < 10  # Kubernetes waits that long before it starts it again, and then the trouble is not seen


def test_a_server_is_called_by_its_participant() -> None:
    item = pod("singleuser-server", phase="Pending", containerStatuses=[waiting("CrashLoopBackOff")])
    item["metadata"]["annotations"] = {"hub.jupyter.org/username": "ana maría"}
    assert only(diagnosis.troubles([item], [], [])).who == "server of ana maría"


def test_a_pull_in_progress_is_seen_and_a_finished_one_is_not() -> None:
    item = pod(phase="Pending")
    began = event(item, "Pulling", 'Pulling image "example.org/a:1"')
    ended = event(item, "Pulled", 'Successfully pulled image "example.org/a:1" in 3s')
    assert diagnosis.pulling(item, [began]) == "example.org/a:1"
    assert diagnosis.pulling(item, [began, ended]) == ""


def test_a_volume_without_a_storage_class() -> None:
    claim = {"metadata": {"name": "hub-db-dir", "uid": "c"}, "status": {"phase": "Pending"}}
    told = event(claim, "FailedBinding", "no persistent volumes available for this claim and no storage class is set")
    trouble = only(diagnosis.troubles([], [claim], [told]))
    assert "no default storage class" in trouble.what


def test_a_ready_pod_is_no_trouble() -> None:
    item = pod(phase="Running", containerStatuses=[{"ready": True, "state": {"running": {}}}])
    assert diagnosis.state(item) == "ready"
    assert diagnosis.troubles([item], [], []) == []


def test_a_pod_whose_node_does_not_answer_is_lost_and_its_node_is_named() -> None:
    here = {"ready": True, "state": {"running": {}}}
    unready = {"type": "Ready", "status": "False"}
    item = pod("singleuser-server", phase="Running", containerStatuses=[here], conditions=[unready])
    item["spec"] = {"nodeName": "node-7"}
    given_up = {**item, "metadata": {**item["metadata"], "deletionTimestamp": "2026-11-29T09:00:00Z"}}
    for lost in (item, given_up):
        assert diagnosis.state(lost) == "lost"
        trouble = only(diagnosis.troubles([lost], [], []))
        assert "node node-7 does not answer" in trouble.what
        assert "kubectl delete node node-7" in trouble.remedy
    item["status"]["containerStatuses"] = [{**here, "ready": False}]
    assert diagnosis.state(item) == "starting", "its own program is not ready"


@pytest.mark.parametrize(
    ("text", "kind", "told"),
    [
        (
            'Error from server (Forbidden): pods is forbidden: User "ana" cannot list resource "pods" in API group "" '
            'in the namespace "class"',
            PermissionsError,
            "`list` on pods in the namespace class",
        ),
        (
            'Error from server (Forbidden): storageclasses.storage.k8s.io is forbidden: User "ana" cannot list '
            'resource "storageclasses" in API group "storage.k8s.io" at the cluster scope',
            PermissionsError,
            "`list` on storageclasses.storage.k8s.io in the whole cluster",
        ),
        ("The connection to the server 127.0.0.1:6443 was refused - did you specify the right host or port?",
         ClusterError, "does not answer"),
        ("error: You must be logged in to the server (Unauthorized)", PermissionsError, "credentials"),
        ('error: context "here" does not exist', ClusterError, "no kube context"),
        ("something else", ClusterError, "refused a request"),
    ],
)  # fmt: skip
def test_refusals_name_what_is_missing(text: str, kind: type[SkrtHubError], told: str) -> None:
    error = explain(text, "here")
    assert isinstance(error, kind)
    assert told in error.what
    assert error.remedy


def test_what_a_program_in_a_pod_could_not_reach_is_not_the_cluster() -> None:
    """A network policy may refuse a connection in the words of a cluster that does not run."""
    refused = "ConnectionRefusedError: [Errno 111] Connection refused"
    assert is_unreachable(refused)
    assert not is_unreachable(f"{refused}\ncommand terminated with exit code 1")


OURS = {"custom": {"skrtHub": {"name": "class"}}}
MANUAL = {"singleuser": {"image": {"name": "ghcr.io/scikit-rt/scikit-rt", "tag": "latest"}}}


def release(owner: str, chart: str = "jupyterhub-4.4.0", values: dict[str, Any] | None = None) -> Release:
    return Release("class", owner, (Revision(1, "deployed", chart, "", ""),), values)  # type: ignore[arg-type]


def test_whose_a_release_is() -> None:
    assert owner_of("jupyterhub-4.4.0", OURS) == "us"
    assert owner_of("jupyterhub-2.0.0", MANUAL) == "manual"
    assert owner_of("jupyterhub-4.4.0", {}) == "stranger"
    assert owner_of("wordpress-1.0.0", MANUAL) == "stranger"


def test_what_is_not_ours_is_left_alone() -> None:
    manual, other = release("manual", "jupyterhub-2.0.0"), release("stranger", "wordpress-1.0.0")
    with pytest.raises(RefusedError, match="old manual"):
        refuse_others(manual, [], hub="class", take_over=False)
    refuse_others(manual, [], hub="class", take_over=True)
    for take_over in (False, True):
        with pytest.raises(RefusedError, match="did not make"):
            refuse_others(other, [], hub="class", take_over=take_over)
    with pytest.raises(RefusedError, match="another skrt-hub"):
        refuse_others(release("us", values=OURS), [], hub="course", take_over=True)
    neighbour = {"name": "jupyterhub", "chart": "jupyterhub-2.0.0"}
    with pytest.raises(RefusedError, match="another JupyterHub"):
        refuse_others(Release("class", "nobody"), [neighbour], hub="class", take_over=True)


def test_an_interrupted_release_and_its_last_good_revision() -> None:
    rows = [Revision(1, "superseded", "c", "", ""), Revision(2, "deployed", "c", "", "")]
    broken = Release("class", "us", (*rows, Revision(3, "pending-upgrade", "c", "", "")), OURS)
    assert broken.pending
    assert broken.last_good is not None
    assert broken.last_good.number == 2
    first = Release("class", "us", (Revision(1, "pending-install", "c", "", ""),), OURS)
    assert first.pending
    assert first.last_good is None


def test_only_a_live_command_on_another_machine_is_waited_for() -> None:
    from datetime import UTC, datetime, timedelta

    now = datetime(2026, 11, 23, 12, 0, 30, tzinfo=UTC)

    def held(holder: str, age: float) -> dict[str, Any]:
        renewed = (now - timedelta(seconds=age)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        return {"spec": {"holderIdentity": holder, "renewTime": renewed}}

    with pytest.raises(BusyError, match="Another skrt-hub command"):
        recover.refuse_a_live_holder(held("elsewhere/12", 5), "here", now=now)
    recover.refuse_a_live_holder(held("elsewhere/12", 300), "here", now=now)
    recover.refuse_a_live_holder(held("here/12", 5), "here", now=now)


CONFIG = {
    "current-context": "minikube",
    "contexts": [
        {
            "name": "minikube",
            "context": {
                "cluster": "minikube",
                "extensions": [
                    {
                        "name": "context_info",
                        "extension": {"provider": "minikube.sigs.k8s.io", "version": "v1.37.0"},
                    }
                ],
            },
        },
        {"name": "kind-class", "context": {"cluster": "kind-class"}},
        {"name": "k3d-a", "context": {}},
        {"name": "far", "context": {"cluster": "far"}},
    ],
}


def test_kinds_of_clusters_are_told_from_the_kube_configuration() -> None:
    known = contexts.contexts_from(CONFIG)
    assert [known.kind(name) for name in known.names] == ["minikube", "kind", "k3d", "other"]
    assert contexts.contexts_from({}).names == ()


def test_no_command_acts_on_another_cluster_than_the_hub_was_made_on() -> None:
    known = contexts.contexts_from(CONFIG)
    assert contexts.choose(known, "", None) == "minikube"
    assert contexts.choose(known, "far", "far") == "far"
    with pytest.raises(StateError, match="made on the context 'far'"):
        contexts.choose(known, "", "far")
    with pytest.raises(StateError, match=r"hub\.yaml names 'kind-class'"):
        contexts.choose(known, "kind-class", "far")
    with pytest.raises(SkrtHubError, match="no kube context called 'gone'"):
        contexts.choose(known, "gone", None)
    with pytest.raises(ClusterError, match="No Kubernetes cluster"):
        contexts.choose(contexts.contexts_from({}), "", None)


def test_missing_permissions_are_told_by_place() -> None:
    lacking = [("list", "secrets", "class"), ("create", "secrets", "class"), ("create", "clusterroles", "")]
    told = in_words(lacking)
    assert told == ["in the namespace class: list/create secrets", "in the whole cluster: create clusterroles"]
    assert "role `admin`" in permissions_remedy(told)
    assert "userScheduler" in permissions_remedy(told[1:])


def test_pods_that_the_cluster_refuses_to_make_are_told_while_it_is_new() -> None:
    message = 'Error creating: pods "hub-1" is forbidden: exceeded quota: small'
    event = {
        "reason": "FailedCreate",
        "message": message,
        "lastTimestamp": "2026-11-24T07:00:00Z",
        "involvedObject": {"kind": "ReplicaSet", "name": "hub-1", "uid": "u1"},
    }
    soon = datetime(2026, 11, 24, 7, 0, 10, tzinfo=UTC)
    told = only(diagnosis.troubles([], [], [event], soon))
    assert told.who == "hub-1"
    assert "exceeded quota" in told.what
    assert diagnosis.troubles([], [], [event], soon.replace(minute=5)) == []
    made = pod(phase="Running", containerStatuses=[{"ready": True}])
    made["metadata"]["ownerReferences"] = [{"uid": "u1"}]
    assert diagnosis.troubles([made], [], [event], soon) == []


def test_priority_classes_are_found_among_the_charts_objects() -> None:
    manifests = "---\nkind: PriorityClass\nmetadata: {name: a}\n---\nkind: Pod\nmetadata: {name: b}\n---\n"
    assert [item["metadata"]["name"] for item in classes_in(manifests)] == ["a"]
