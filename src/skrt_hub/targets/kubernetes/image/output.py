"""What docker and podman print, understood: how far a build is, and what a failed build or push means.

Pure functions; `engine` runs the programs.
"""

from __future__ import annotations

import ipaddress
import json
import re
from typing import Any

from skrt_hub.errors import NetworkError, PermissionsError, PrerequisiteError, ProgramError, SkrtHubError, SpaceError

# podman, and docker's older builder: "[2/5] STEP 3/7: RUN ...", "Step 3/22 : RUN ..."
_STEP = re.compile(
    r"^(?:\[(?P<stage>\d+)/(?P<stages>\d+)\] )?(?:STEP|Step) (?P<step>\d+)/(?P<steps>\d+)\s*:\s*(?P<what>.*)"
)
# docker's newer builder, whose stages run side by side: "#8 [libraries 2/7] RUN ..."
_BUILDKIT = re.compile(r"^#\d+ \[(?!internal\])[^\]]*\d+/\d+\] (?P<what>.*)")
_NOTE = 60
_LONGEST_LINE = 240

_UNREACHABLE = (
    "connection refused",
    "dial tcp",
    "i/o timeout",
    "network is unreachable",
    "no route to host",
    "no such host",
    "tls handshake timeout",
)
_NOT_DELIVERED = (
    *_UNREACHABLE,
    "connection error",
    "could not connect",
    "dns error",
    "failed to fetch",
    "temporary failure resolving",
)
_REFUSED = ("unauthorized", "denied", "no basic auth credentials", "authentication required", "insufficient_scope")
_TOO_FEW_IDS = ("insufficient uids or gids", "no subuid ranges", "newuidmap", "newgidmap")


def version(text: str) -> str:
    """The engine's version from `version --format=json`, or an empty text."""
    return next((str(part["Version"]) for part in _sides(text) if part.get("Version")), "")


def architecture(text: str) -> str:
    """The processor type that the engine builds for, such as amd64, from `version --format=json`."""
    server, client = _sides(text)
    return str(server.get("Arch") or (server or client).get("OsArch", "").rpartition("/")[2])


def _sides(text: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """What `version --format=json` tells of server and client; nothing where it is no JSON."""
    try:
        document = json.loads(text)
    except ValueError:
        document = {}
    return document.get("Server") or {}, document.get("Client") or {}


def build_step(line: str) -> tuple[float | None, float | None, str] | None:
    """How much of how much is done, where the engine tells, and what begins now; None for any other line."""
    match = _STEP.match(line)
    if match is not None:
        step, steps = int(match["step"]), int(match["steps"])
        if match["stage"] is None:
            return step - 1, steps, match["what"][:_NOTE]
        return int(match["stage"]) - 1 + (step - 1) / steps, int(match["stages"]), match["what"][:_NOTE]
    match = _BUILDKIT.match(line)
    return None if match is None else (None, None, match["what"][:_NOTE])


def build_error(engine: str, code: int, text: str) -> SkrtHubError:
    """The error for a build that ended with `code` after printing `text`."""
    why = "\n".join(_short(line) for line in text.splitlines()[-12:])
    lowered = text.lower()
    if "no space left" in lowered:
        return SpaceError(
            "The image could not be built: the engine's disk is full.",
            why=why,
            remedy=f"Make room, for example with `{engine} system prune`, and run the command again.",
        )
    if engine == "podman" and any(words in lowered for words in _TOO_FEW_IDS):
        return too_few_ids(why)
    if "exec format error" in lowered:
        return _cannot_imitate(why)
    if any(words in lowered for words in _NOT_DELIVERED):
        return NetworkError(
            "The image could not be built: the network did not deliver.",
            why=why,
            remedy="Check the network and run the command again; finished layers are kept.",
        )
    return ProgramError(
        f"The image could not be built: {engine} ended with exit code {code}.",
        why=why,
        remedy="Run `skrt-hub image build --verbose`, or name a published image: kubernetes.image.name.",
    )


def too_few_ids(why: str) -> PrerequisiteError:
    """The error for a podman that an ordinary user has no range of user numbers for."""
    return PrerequisiteError(
        "podman cannot build for you: your user has no range of user numbers for containers.",
        why=why,
        remedy="Ask an administrator for the package uidmap, and for: "
        "sudo usermod --add-subuids 100000-165535 --add-subgids 100000-165535 NAME (your user name). "
        "Then type: podman system migrate",
    )


def _cannot_imitate(why: str) -> PrerequisiteError:
    return PrerequisiteError(
        "The image could not be built: this machine cannot run programs for the other type of processor.",
        why=why,
        remedy="Install what imitates it (Debian and Ubuntu: sudo apt install qemu-user-static), and run the command "
        "again. Or build on a machine of that type.",
    )


def push_error(engine: str, registry: str, text: str) -> SkrtHubError:
    """The error for a push to `registry` that failed after printing `text`."""
    lines = [line for line in text.strip().splitlines() if line.strip()]
    why = _short(lines[-1].removeprefix("Error: ") if lines else "", longest=500)
    lowered = why.lower()
    again = "and run the command again."
    if "http response to https" in lowered:
        return ProgramError(
            f"The registry {registry} speaks plain HTTP, and {engine} wants HTTPS.",
            why=why,
            remedy=f"Give the registry a certificate, or call it insecure in {engine}'s own settings, {again}",
        )
    if "x509:" in lowered or "certificate" in lowered:
        return ProgramError(
            f"{engine} does not trust the certificate of the registry {registry}.",
            why=why,
            remedy=f"Put the certificate of its authority at {_CERTIFICATES[engine]}/{registry}/ca.crt, {again}",
        )
    if any(words in lowered for words in _REFUSED):
        login = " ".join((engine, "login", *plain_http(engine, registry), registry))
        return PermissionsError(
            f"The registry {registry} does not let you push.",
            why=why,
            remedy=f"Log in with `{login}` as somebody who may write to the folder in kubernetes.image.push, {again}",
        )
    if any(words in lowered for words in _UNREACHABLE):
        return NetworkError(
            f"The registry {registry} cannot be reached.",
            why=why,
            remedy=f"Check kubernetes.image.push in hub.yaml and the network, {again} "
            "The image is kept; what was pushed already is not sent again.",
        )
    return ProgramError(
        f"The image could not be pushed to {registry}.",
        why=why,
        remedy=f"Check kubernetes.image.push in hub.yaml, {again}",
    )


def pull_error(image: str, text: str) -> SkrtHubError:
    """The error for an image that could not be fetched, after this was printed."""
    lines = [line for line in text.strip().splitlines() if line.strip()]
    why = _short(lines[-1].removeprefix("Error: ") if lines else "", longest=500)
    kind = PermissionsError if any(words in why.lower() for words in _REFUSED) else NetworkError
    return kind(f"The image {image} could not be fetched.", why=why, remedy="Check the network, and try again.")


_CERTIFICATES = {"docker": "/etc/docker/certs.d", "podman": "/etc/containers/certs.d"}


def registry_of(image: str) -> str:
    """The registry in an image's whole name."""
    return image.partition("/")[0]


def is_loopback(registry: str) -> bool:
    """Whether a registry is on this machine."""
    host = registry.rpartition(":")[0] or registry
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def plain_http(engine: str, image: str) -> tuple[str, ...]:
    """The option with which podman talks to a registry on this machine without encryption, as docker does by itself."""
    return ("--tls-verify=false",) if engine == "podman" and is_loopback(registry_of(image)) else ()


def _short(line: str, *, longest: int = _LONGEST_LINE) -> str:
    """A line without its middle where it is long: engines repeat a whole RUN instruction."""
    if len(line) <= longest:
        return line
    return f"{line[: longest // 2]} ... {line[-longest // 2 :]}"
