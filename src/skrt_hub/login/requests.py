"""What the commands ask of the accounts, by name: on one machine directly, on Kubernetes inside the hub's pod."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

from .accounts import Accounts, Person
from .accounts_file import AccountsDamagedError
from .claims import ORGANISER, admitted_as

ACTIONS = frozenset(
    (
        *("all", "names", "to_end", "notes"),
        *("set", "issue", "set_class_password", "forget", "lock", "free", "disable", "enable", "unlock"),
        *("take_list", "take_up", "set_closed"),
    )
)


def carry_out(accounts: Accounts, action: str, *arguments: Any) -> Any:
    """The answer of one method of Accounts, as JSON can carry it."""
    if action not in ACTIONS:
        raise ValueError(f"the accounts know no {action!r}")
    if action == "take_list":
        people, anyone = arguments
        return dataclasses.asdict(accounts.take_list([Person(**row) for row in people], anyone=anyone))
    answer = getattr(accounts, action)(*arguments)
    if action == "all":  # no hash leaves the place where the accounts are
        return {name: _shown(entry) for name, entry in answer.items()}
    return answer


def _shown(entry: dict[str, Any]) -> dict[str, Any]:
    told = ("listed", "locked", "disabled", "shown", "email", "group", "role", "identity")
    role = {"role": ORGANISER} if admitted_as(entry) == ORGANISER else {}
    groups = (entry.get("admitted") or {}).get("groups")
    said = {"admitted": {"groups": groups}} if groups else {}  # who has which shared folder (sharing.py)
    ways = {"password": "hash" in entry, "code": "code" in entry, "institution": "identity" in entry}
    return {**{key: entry[key] for key in told if entry.get(key)}, **role, **said, **ways}


def answer(file: str, request: str) -> str:
    """The answer to a request in JSON, in JSON: `{"answer": ...}`, or `{"damaged": why}`."""
    try:
        return json.dumps({"answer": carry_out(Accounts(Path(file)), *json.loads(request))})
    except AccountsDamagedError as error:
        return json.dumps({"damaged": str(error)})
