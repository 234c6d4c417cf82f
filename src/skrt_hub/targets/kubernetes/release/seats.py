"""Seats made ready, in the chart's values: the program that keeps them is a service of the hub, which restarts it."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from skrt_hub.policy import seats as rules
from skrt_hub.settings.model import Settings
from skrt_hub.targets.kubernetes.in_hub.admin import ACCOUNTS, HUB_MODULES, LOGIN, PORT, SEAT_KEEPER, STATE

NAME = "skrt-hub-seats"
RULES_MODULE = "skrt_hub_seats"
_EACH = 25.0
"""Seconds that a pod takes at most until its server answers, with the pause after it."""
_AT_ONCE = 5
"""Pods that start at a time on a cluster that may grow; those that do not fit wait, and no more are asked for."""
_SCOPES = ("list:users", "read:users", "read:users:activity", "read:servers", "servers", "admin:users")


def order(settings: Settings, at_once: int) -> rules.Order:
    """What hub.yaml says. `at_once`: how many pods may start at a time on the cluster's one node; 0: more nodes."""
    asked = settings.seats
    pace = max(1, at_once // 2) if at_once else _AT_ONCE
    return rules.Order(asked.times, asked.time_zone or "UTC", asked.wait, asked.groups, pace, _EACH)


def service(settings: Settings, at_once: int) -> dict[str, Any]:
    """The chart's values for the hub."""
    told = {
        "order": asdict(order(settings, at_once)),
        "rules": RULES_MODULE,
        "login": LOGIN,
        "accounts": ACCOUNTS,
        "folder": STATE,
        "hub": f"http://127.0.0.1:{PORT}/hub/api",
        "limit": settings.limits.servers,
    }
    command = ["python3", f"{HUB_MODULES}/{SEAT_KEEPER}.py", json.dumps(told)]
    return {
        "services": {NAME: {"command": command}},
        "loadRoles": {NAME: {"scopes": list(_SCOPES), "services": [NAME]}},
    }
