"""What the hub's task that ends sessions says when it cannot."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from skrt_hub.login import sessions
from skrt_hub.login.accounts import Accounts
from skrt_hub.login.notes import Notes
from skrt_hub.policy import log_in


def app(logged: list[str]) -> Any:
    log = SimpleNamespace(error=lambda text, *words, exc_info: logged.append(text % words))
    return SimpleNamespace(log=log, db=SimpleNamespace(rollback=lambda: None))


async def looks(orders: sessions.Orders, after: Any, seconds: float) -> None:
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(orders.follow(after), seconds)


def test_a_trouble_is_logged_once_told_in_status_and_gone_when_it_is_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sessions, "_LOOK_EVERY", 0.001)
    file, logged = tmp_path / "accounts.json", []
    orders = sessions.Orders(app(logged), Accounts(file), Notes(file))
    failing = SimpleNamespace(count=0)

    def fails() -> None:
        failing.count += 1
        raise RuntimeError("the database is locked")

    asyncio.run(looks(orders, fails, 0.2))
    assert failing.count > 1, "it goes on"
    assert len(logged) == 1 and "the database is locked" in logged[0]
    assert "the database is locked" in log_in.notes(Accounts(file).notes())[0]
    asyncio.run(looks(orders, lambda: None, 0.2))
    assert log_in.notes(Accounts(file).notes()) == ()


def test_a_damaged_accounts_file_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions, "_LOOK_EVERY", 0.001)
    file, logged = tmp_path / "accounts.json", []
    file.write_text("{")
    orders = sessions.Orders(app(logged), Accounts(file), Notes(file))
    asyncio.run(looks(orders, lambda: None, 0.2))
    assert len(logged) == 1 and "is damaged" in logged[0]
    (told,) = log_in.notes(Accounts(file).notes())
    assert "Nobody can log in" in told
