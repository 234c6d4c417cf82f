"""Cookies of a server behind TLS: browsers send none of them unencrypted, also those that Jupyter itself sets."""

from __future__ import annotations

from typing import Any

from jupyterhub.utils import get_browser_protocol
from tornado.web import RequestHandler


def use() -> None:
    """Have every page of this process set its cookies so."""
    setattr(RequestHandler, "set_cookie", encrypted_only(RequestHandler.set_cookie))  # noqa: B010 - not ours to declare


def encrypted_only(original: Any) -> Any:
    """JupyterHub's rule for the cookie of its log-in, for each cookie (skrt_hub.hub.visitors has it for the hub)."""

    def set_cookie(self: Any, name: str, value: Any, *given: Any, **options: Any) -> Any:
        if get_browser_protocol(self.request) == "https":
            options["secure"] = True
        return original(self, name, value, *given, **options)

    return set_cookie
