"""The command's beginning: Ctrl-C while the program is still loading ends it in words."""

import importlib.abc
import json
import sys
from collections.abc import Sequence
from types import ModuleType

import pytest

from skrt_hub.__main__ import main
from skrt_hub.errors import INTERRUPTED


class _Interrupted(importlib.abc.MetaPathFinder):
    def find_spec(self, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> None:
        if name == "skrt_hub.cli":
            raise KeyboardInterrupt


@pytest.mark.parametrize("words", [["status"], ["status", "--json"]])
def test_an_interrupt_while_loading_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["skrt-hub", *words])
    monkeypatch.delitem(sys.modules, "skrt_hub.cli", raising=False)
    monkeypatch.setattr(sys, "meta_path", [_Interrupted(), *sys.meta_path])
    assert main() == INTERRUPTED
    said = capsys.readouterr()
    assert "Traceback" not in said.err
    if "--json" in words:
        assert json.loads(said.out)["error"] == "Interrupted."
    else:
        assert said.err == "Interrupted.\n"
