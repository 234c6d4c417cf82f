"""The list of what is in a bundle, for those who must know every part of what they run: CycloneDX, as JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

NAME = "sbom.cdx.json"
_PIN = re.compile(r"^([A-Za-z0-9][\w.-]*)==([^\s;\\]+)", re.MULTILINE)


def parts_list(
    version: str, wheels: Iterable[tuple[str, str, str]], images: Sequence[str], locks: Iterable[Path]
) -> str:
    """The document: `wheels` are names, versions and SHA-256; the packages of `locks` are in the images."""
    found = {(name, number, digest): _library(name, number, digest) for name, number, digest in wheels}
    known = {key[:2] for key in found}
    for lock in locks if images else ():
        for name, number in _PIN.findall(lock.read_text(encoding="utf-8")):
            if (name, number) not in known:
                found[name, number, ""] = _library(name, number)
    containers = [_container(image) for image in images]
    return json.dumps(
        {
            "bomFormat": "CycloneDX",
            "specVersion": "1.6",
            "version": 1,
            "metadata": {"component": {"type": "application", "name": "skrt-hub", "version": version}},
            "components": [*(found[key] for key in sorted(found)), *containers],
        },
        indent=1,
    )


def _library(name: str, version: str, digest: str = "") -> dict[str, Any]:
    part: dict[str, Any] = {
        "type": "library",
        "bom-ref": f"{name}@{version}{f'#{digest[:12]}' if digest else ''}",
        "name": name,
        "version": version,
        "purl": f"pkg:pypi/{name}@{quote(version)}",
    }
    return part | ({"hashes": [{"alg": "SHA-256", "content": digest}]} if digest else {})


def _container(image: str) -> dict[str, Any]:
    name, _, tag = image.rpartition(":")
    return {"type": "container", "bom-ref": image, "name": name, "version": tag}
