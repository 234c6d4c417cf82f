"""hub.yaml's `login`: how participants log in."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from skrt_hub.settings.section import Section


class Login(Section):
    """How participants log in."""

    kind: Literal["", "first-use", "codes", "class-password"] = Field(
        "",
        description="By default `first-use` on this machine alone, `codes` where other machines reach the hub. "
        "`first-use`: any new name, with a password chosen at the first log-in and asked ever after. "
        "`codes`: the listed names, each with a one-time code from a slip, and then a password of their own. "
        "`class-password`: any new name for whoever knows the class's word, and then a password of their own.",
    )
    beyond_loopback: bool = Field(
        False,
        description="Allow names without codes, and pages without encryption, where other machines reach the hub. "
        "Anybody on that network may then make an account or read passwords.",
    )
