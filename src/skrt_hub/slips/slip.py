"""What stands on a slip: where to go, who one is there, and the code that lets one in."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import quote

import segno


@dataclass(frozen=True)
class Slip:
    """One participant's slip. `fingerprint` is that of the hub's own authority, where browsers need it."""

    hub: str
    address: str
    shown: str
    login: str
    code: str
    group: str = ""
    fingerprint: str = ""

    @property
    def link(self) -> str:
        """What the QR code says. Behind the #, so that it reaches neither the hub's log nor a proxy's."""
        return f"{self.address}hub/login#name={quote(self.login)}&code={self.code}"

    def matrix(self) -> tuple[tuple[bool, ...], ...]:
        """The QR code's modules, row by row, without a border."""
        code = segno.make(self.link, error="m", micro=False)
        return tuple(tuple(bool(module) for module in row) for row in code.matrix)

    def path(self) -> str:
        """The dark modules as the path of an SVG picture, one unit each."""
        rows = enumerate(self.matrix())
        return "".join(f"M{x} {y}h1v1h-1z" for y, row in rows for x, dark in enumerate(row) if dark)

    def as_json(self) -> dict[str, Any]:
        """All of it, for a program that prints slips of its own."""
        return {**asdict(self), "link": self.link}


WORDS = {
    "address": "Address",
    "name": "Name",
    "code": "Code",
    "steps": "Scan the code, or open the address. Log in with name and code, then choose a password of your own. "
    "The code works once.",
    "certificate": "The browser warns at first, as the hub has a certificate of its own. Its SHA-256 fingerprint is:",
}


def lines_of(fingerprint: str) -> tuple[str, str]:
    """A fingerprint on two lines."""
    half = len(fingerprint) // 2
    cut = fingerprint.find(":", half) + 1
    return fingerprint[:cut], fingerprint[cut:]
