"""Shared folders, in words for organisers: alike on both targets."""

from __future__ import annotations

import shlex


def until_restarted(name: str, words: str) -> str:
    """That a server was started before its owner's groups, or hub.yaml's `shared`, changed; `words` say how."""
    return f"The server of {name} {words} until it starts again: skrt-hub participants restart {shlex.quote(name)}"


def is_full(path: str, how: str = "") -> str:
    """That a shared folder holds as much as it may."""
    return f"The shared folder {path} is full{how}. Everybody else works on. Delete files there, or raise its `size`."
