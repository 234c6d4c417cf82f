"""The door to minikube: its profiles, starting and stopping one, and where it is reached.

Forms of its answers: minikube's documentation (commands `profile`, `status`) and its source
(cmd/minikube/cmd/config/profile_list.go, cmd/minikube/cmd/status.go).
"""

from __future__ import annotations

import contextlib
import json
import shutil
from dataclasses import dataclass
from typing import Any, Literal

from skrt_hub.errors import PrerequisiteError, ProgramError
from skrt_hub.process import Echo, run
from skrt_hub.settings.kubernetes import Minikube

INSTALL_MINIKUBE = "Install minikube: https://minikube.sigs.k8s.io/docs/start/"
State = Literal["absent", "stopped", "running", "broken"]


@dataclass(frozen=True)
class Profile:
    """One cluster of minikube."""

    name: str
    state: State
    detail: str = ""


def installed() -> bool:
    """Whether there is a minikube on this machine."""
    return shutil.which("minikube") is not None


def version() -> str:
    """minikube's version."""
    done = run(("minikube", "version", "--short"), deadline=30, check=False, remedy=INSTALL_MINIKUBE)
    return done.out.strip()


def profile(name: str, echo: Echo | None = None) -> Profile:
    """The state of one profile."""
    words = ("minikube", "status", f"--profile={name}", "--output=json")
    done = run(words, deadline=60, check=False, echo=echo, remedy=INSTALL_MINIKUBE)
    return profile_from(name, done.out, done.err)


def profile_from(name: str, out: str, err: str) -> Profile:
    """A profile's state from what `minikube status --output=json` prints (a list with several nodes).

    Where it cannot tell, it prints `null` and says why on standard error; where there is no such profile, messages.
    """
    nodes = [node for document in _documents(out) for node in (document if isinstance(document, list) else [document])]
    nodes = [node for node in nodes if isinstance(node, dict)]
    told = "\n".join((*(node["data"].get("message", "") for node in nodes if "data" in node), err.strip())).strip()
    nodes = [node for node in nodes if "Host" in node]
    if not nodes:
        gone = any(f'"{name}" {words}' in told for words in ("not found", "host does not exist", "does not exist"))
        why = " ".join((told or out).rpartition("status error: ")[2].split())
        return Profile(name, "absent" if gone else "broken", why[-300:])
    if any(node.get("Host") == "Nonexistent" for node in nodes):
        return Profile(name, "absent")
    if any(
        node.get("Host") in ("Stopped", "Paused") or node.get("APIServer") in ("Stopped", "Paused") for node in nodes
    ):
        return Profile(name, "stopped")
    parts = {part: node.get(part, "") for node in nodes for part in ("Host", "Kubelet", "APIServer")}
    well = all(value in ("Running", "Irrelevant", "") for value in parts.values())
    detail = ", ".join(f"{part} {value}" for part, value in parts.items())
    return Profile(name, "running" if well else "broken", detail)


def _documents(text: str) -> list[Any]:
    """The JSON documents in `text`, one a line; lines that are none are left out."""
    found = []
    for line in text.splitlines():
        with contextlib.suppress(ValueError):
            found.append(json.loads(line))
    return found


def start(name: str, sizes: Minikube | None, echo: Echo | None = None) -> None:
    """Start a profile: a new one with `sizes`, one that is there as it is (its sizes and data are never touched).

    Raises ProgramError with minikube's own words.
    """
    run(
        start_command(name, sizes),
        deadline=1200,
        echo=echo,
        remedy=f"Try `minikube start --profile={name}` by hand, and see `minikube logs --profile={name}`.",
    )


def start_command(name: str, sizes: Minikube | None) -> tuple[str, ...]:
    """The command line for `start`."""
    words = ["minikube", "start", f"--profile={name}", "--interactive=false"]
    if sizes is not None:
        words += [f"--cpus={sizes.cpus}", f"--memory={sizes.memory // 2**20}mb"]
        words += [f"--disk-size={sizes.disk // 2**20}mb"]
        words += [f"--driver={sizes.driver}"] if sizes.driver else []
    return tuple(words)


def stop(name: str, echo: Echo | None = None) -> None:
    """Stop a profile; its data stays."""
    run(("minikube", "stop", f"--profile={name}"), deadline=300, echo=echo)


def delete(name: str, echo: Echo | None = None) -> None:
    """Delete a profile with everything in it."""
    run(("minikube", "delete", f"--profile={name}"), deadline=300, echo=echo)


def address(name: str) -> str | None:
    """The address of the profile's node on this machine, or None where it does not say one."""
    try:
        done = run(("minikube", "ip", f"--profile={name}"), deadline=30, check=False)
    except (PrerequisiteError, ProgramError):
        return None
    text = done.out.strip()
    return text if done.code == 0 and text else None
