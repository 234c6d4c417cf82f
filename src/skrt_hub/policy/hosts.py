"""Which names the hub answers to. A site elsewhere whose name leads to the hub's address (DNS rebinding) is not one.

An address in numbers is no name that anybody could make lead here, so such requests are always answered.
"""

from __future__ import annotations

import re
import socket
from urllib.parse import urlsplit

from skrt_hub.policy import announced
from skrt_hub.settings.model import Settings

_NUMBERS = (r"[0-9.]+", r"\[[0-9a-f:.]+\]", r"[0-9a-f]*:[0-9a-f:.]*")
_LOOPBACK = ("localhost", "*.localhost")


def answered(settings: Settings) -> tuple[str, ...]:
    """The names, besides addresses in numbers; `*` stands for one label."""
    names = [*_LOOPBACK, *configured(settings), *announced.names(settings)]
    if not settings.on_loopback:
        own = socket.gethostname().lower()
        short = own.partition(".")[0]
        names += [own, short, f"{short}.local", f"{short}.lan", f"{short}.home.arpa", f"{short}.fritz.box"]
    return tuple(dict.fromkeys(names))


def configured(settings: Settings) -> tuple[str, ...]:
    """The names that hub.yaml gives the hub."""
    written = (
        settings.public_url,
        settings.participant_url,
        f"//{settings.kubernetes.host}",
        f"//{settings.address}" if settings.host_name else "",
    )
    return tuple(host for url in written if (host := urlsplit(url).hostname))


def of_participants(settings: Settings) -> str:
    """A pattern of the names that belong to participants' servers; nothing where these have no origins of their own."""
    host = urlsplit(settings.participant_url).hostname
    return f"^{_words(host)}\\.?$" if host else ""


def pattern(names: tuple[str, ...]) -> str:
    """A regular expression (RE2's and JavaScript's) that the host of a request must match, without its port."""
    return f"^({'|'.join((*map(_words, names), *_NUMBERS))})\\.?$"


def _words(name: str) -> str:
    return re.escape(name).replace(r"\*", "[a-z0-9-]+").replace(r"\-", "-")


def refusal(settings: Settings) -> str:
    """What a browser under another name is told."""
    where = settings.public_url or settings.url.rstrip("/")
    return (
        f"The hub does not answer to this name. Its address is {where} . Whoever runs the hub can add a name: "
        "write `public_url: https://NAME` into hub.yaml, and type skrt-hub up."
    )


def known_from_elsewhere(settings: Settings) -> bool:
    """Whether all names are known on Kubernetes: a load balancer or a node may have others than hub.yaml says."""
    return settings.kubernetes.access in ("port-forward", "ingress") or bool(configured(settings))
