"""The log-in as the chart's hub has it: its files under another name, where there is no skrt_hub."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from skrt_hub import policy
from skrt_hub.login.accounts import Accounts
from skrt_hub.login.requests import carry_out
from skrt_hub.settings.model import Settings
from skrt_hub.targets.kubernetes.rendering import login_files

TRY = """
import asyncio, importlib, json, pathlib, sys
sys.modules["skrt_hub"] = None
sys.path.insert(0, sys.argv[1])
from traitlets.config import Config
from skrt_hub_login.authenticator import AccountsAuthenticator
from skrt_hub_login.handlers import handlers
from skrt_hub_login.requests import answer
for module in sorted(pathlib.Path(sys.argv[1], "skrt_hub_login").glob("*.py")):
    importlib.import_module(f"skrt_hub_login.{module.stem}")
file = sys.argv[1] + "/accounts.json"
traits = {"accounts_file": file, **json.loads(sys.argv[2])}
who = AccountsAuthenticator(config=Config({"AccountsAuthenticator": traits}))
name = asyncio.run(who.authenticate(None, {"username": "Anna", "password": "correct horse"}))
page = who.pages.page("log-in", "de", "/hub/", query={}, username="", kind=who.kind)
print(json.dumps([name, len(handlers()), "Anmelden" in page, json.loads(answer(file, '["names"]'))]))
"""


def test_it_works_from_its_files_alone(tmp_path: Path) -> None:
    for name, text in login_files().items():
        target = tmp_path / "skrt_hub_login" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    traits = policy.log_in.traits(Settings())["AccountsAuthenticator"]
    command = [sys.executable, "-c", TRY, str(tmp_path), json.dumps(traits)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=True)
    name, count, german, answer = json.loads(done.stdout)
    assert (name, german, answer) == ("anna", True, {"answer": ["anna"]})
    assert count > 5


def test_an_organiser_gets_a_first_code_once(tmp_path: Path) -> None:
    accounts = Accounts(tmp_path / "accounts.json")
    settings = Settings.model_validate({"login": "codes", "participants": ["anna"], "organisers": ["maria"]})
    accounts.take_list(policy.log_in.people(settings), anyone=False)

    def ask(action: str, *arguments: object) -> object:
        return carry_out(accounts, action, *arguments)

    (line,) = policy.log_in.for_managers(settings, ask)
    assert "maria" in line
    code = line.split("code: ")[1].split()[0]
    assert accounts.examine("maria", code).kind == "code"
    assert policy.log_in.for_managers(settings, ask) == ()  # it would make the first one void


@pytest.mark.parametrize("count", [1, 7])
def test_names_that_are_guessed_at_are_told(count: int) -> None:
    attempts = {f"name{number}": {"tries": 6, "places": 1} for number in range(count)}
    words = policy.log_in.under_attack(attempts)
    assert "name0 (6 from 1 place)" in words
    assert ("2 more" in words) is (count == 7)
    assert policy.log_in.under_attack({}) == ""
