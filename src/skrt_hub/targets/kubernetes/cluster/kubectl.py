"""The door to kubectl: list arguments, a deadline, context and namespace always named, answers as JSON.

What a cluster refuses becomes an error in plain words here, for all of the Kubernetes target.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from skrt_hub.errors import ClusterError, PermissionsError, SkrtHubError
from skrt_hub.process import Echo, Finished, run

INSTALL_KUBECTL = "Install kubectl: https://kubernetes.io/docs/tasks/tools/"

_UNREACHABLE = (
    "connection refused",
    "no such host",
    "i/o timeout",
    "no route to host",
    "network is unreachable",
    "context deadline exceeded",
    "TLS handshake timeout",
    "unable to connect to the server",
    "was refused - did you specify",
    "failed to connect to server",
    "cluster unreachable",
)
_ENDED_IN_A_POD = "command terminated with exit code"
_FORBIDDEN = re.compile(
    r'User "(?P<who>[^"]*)" cannot (?P<verb>\w+) resource "(?P<what>[^"]*)"(?: in API group "(?P<group>[^"]*)")?'
    r'(?: in the namespace "(?P<where>[^"]*)")?'
)


@dataclass(frozen=True)
class Kubectl:
    """kubectl for one context and namespace."""

    context: str
    namespace: str
    echo: Echo | None = None

    def arguments(self, *words: str) -> tuple[str, ...]:
        """The whole command line."""
        return ("kubectl", f"--context={self.context}", f"--namespace={self.namespace}", *words)

    def run(
        self, *words: str, stdin: str | None = None, deadline: float = 60, check: bool = True, quiet: bool = False
    ) -> Finished:
        """Run kubectl. Raises ClusterError, PermissionsError or PrerequisiteError; `check=False` returns a refusal.

        `quiet` keeps polling out of what --verbose shows.
        """
        echo = None if quiet else self.echo
        done = run(
            self.arguments(*words), stdin=stdin, deadline=deadline, check=False, echo=echo, remedy=INSTALL_KUBECTL
        )
        if done.code != 0 and (check or is_unreachable(done.err)):
            raise explain(done.err or done.out, self.context)
        return done

    def items(self, kind: str, selector: str = "", *, quiet: bool = True) -> list[dict[str, Any]]:
        """All objects of a kind in the namespace, or with `kind` a cluster's kind (nodes), by label selector."""
        words = ("get", kind, "--output=json", *((f"--selector={selector}",) if selector else ()))
        found: list[dict[str, Any]] = json.loads(self.run(*words, quiet=quiet).out)["items"]
        return found

    def get(self, kind: str, name: str, *, quiet: bool = True) -> dict[str, Any] | None:
        """One object, or None where there is none."""
        done = self.run("get", kind, name, "--output=json", "--ignore-not-found", quiet=quiet)
        found: dict[str, Any] | None = json.loads(done.out) if done.out.strip() else None
        return found

    def exec_python(self, workload: str, script: str, *arguments: str, deadline: float = 60) -> str:
        """Run a Python program in a pod's first container; it comes on standard input, so nothing is in arguments."""
        words = ("exec", "--stdin", workload, "--", "python3", "-", *arguments)
        return self.run(*words, stdin=script, deadline=deadline).out

    def scale(self, workloads: Sequence[str], replicas: int) -> None:
        """Set how many pods each workload (`deployment/hub`) has; one that does not exist is left out."""
        for workload in workloads:
            kind, _, name = workload.partition("/")
            if self.get(kind, name) is not None:
                self.run("scale", workload, f"--replicas={replicas}")


def is_unreachable(text: str) -> bool:
    """Whether these are the words for a cluster that does not answer."""
    lowered = text.lower()
    # A program in a pod may say the same of what it tried: a network policy refuses connections in these words.
    if _ENDED_IN_A_POD in lowered:
        return False
    return any(words.lower() in lowered for words in _UNREACHABLE)


def explain(text: str, context: str) -> SkrtHubError:
    """The error for what kubectl or helm printed."""
    last = "\n".join(line.removeprefix("Error: ") for line in text.strip().splitlines()[-6:])
    if "context" in text and ("does not exist" in text or "not found" in text) and context in text:
        return ClusterError(
            f"There is no kube context called {context!r}.",
            why=last,
            remedy="See the contexts with `kubectl config get-contexts`, and name one in hub.yaml: kubernetes.context.",
        )
    forbidden = _FORBIDDEN.search(text)
    if forbidden is not None:
        return PermissionsError(
            f"The cluster refused: {_permission(forbidden)} is not allowed.",
            why=f"Context {context}: {forbidden[0]}.",
            remedy="Ask the cluster's administrator for this permission, for example the role `admin` in the hub's "
            "namespace, then run the command again.",
        )
    if "unauthorized" in text.lower() or "must be logged in" in text or "provide credentials" in text:
        return PermissionsError(
            f"The cluster of context {context} does not accept your credentials.",
            why=last,
            remedy="Log in to the cluster again (your provider's command renews the kube configuration).",
        )
    if is_unreachable(text):
        return ClusterError(
            f"The cluster of context {context} does not answer.",
            why=last,
            remedy="Start the cluster, or check the network; `kubectl --context "
            f"{context} get nodes` shows when it answers. For another cluster, set kubernetes.context in hub.yaml.",
        )
    return ClusterError(
        f"The cluster of context {context} refused a request.",
        why=last,
        remedy="Run the command again with --verbose to see what was asked.",
    )


def _permission(match: re.Match[str]) -> str:
    group = f".{match['group']}" if match["group"] else ""
    where = f" in the namespace {match['where']}" if match["where"] else " in the whole cluster"
    return f"`{match['verb']}` on {match['what']}{group}{where}"
