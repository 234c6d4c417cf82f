"""Whose homes are meant: the names that a command was given, and those in hub.yaml."""

from __future__ import annotations

from collections.abc import Collection

from skrt_hub.errors import UnknownNameError, never_logged_in
from skrt_hub.homes.access import Home


def chosen(homes: list[Home], names: list[str], listed: Collection[str] = ()) -> list[Home]:
    """The homes of the given names, or all.

    For a name that has none, raises StateError where hub.yaml lists it (`listed`), else UnknownNameError.
    """
    if not names:
        return homes
    by_name = {home.name: home for home in homes} | {home.folder: home for home in homes}
    for name in names:
        if name not in by_name and name in listed:
            raise never_logged_in(name)
        if name not in by_name:
            raise UnknownNameError(
                f"{name!r} has no home in this hub.", remedy="See the names with: skrt-hub participants"
            )
    return [by_name[name] for name in dict.fromkeys(names)]
