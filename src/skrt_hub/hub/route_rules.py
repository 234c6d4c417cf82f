"""traefik's rules for paths: which requests a route takes."""

from __future__ import annotations

import re
from urllib.parse import unquote

_RESERVED = re.compile("(%27|%2B)", re.IGNORECASE)


def with_reserved(rule: str, routespec: str) -> str:
    """`rule`, extended by the path of `routespec` with its reserved characters left encoded, where there are any."""
    if not _RESERVED.search(routespec):
        return rule
    path = "".join(part.upper() if _RESERVED.fullmatch(part) else unquote(part) for part in _RESERVED.split(routespec))
    return f"{rule} || PathPrefix(`{path}`) || Path(`{path.rstrip('/')}`)"
