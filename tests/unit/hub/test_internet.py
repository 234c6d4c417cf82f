"""Which way a sandbox gets to the internet, and what the rules of that way say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from skrt_hub.hub import internet
from skrt_hub.hub.internet import Firewall, Pair, Way
from skrt_hub.layout import Layout
from skrt_hub.settings.model import Settings

ALL = {"ip", "nft", "nsenter", "pasta"}


@pytest.mark.parametrize(
    ("settings", "root", "programs", "expected"),
    [
        ({}, True, ALL, Way.VETH),
        ({}, True, {"pasta"}, Way.SHARED),
        ({}, False, ALL, Way.PASTA),
        ({}, False, {"ip", "nft", "nsenter"}, Way.SHARED),
        ({"limits": {"internet": False}}, True, set(), Way.NONE),
        ({"limits": {"internet": False}}, False, set(), Way.NONE),
        ({"sandbox": "none"}, True, ALL, Way.SHARED),
        ({"sandbox": "none", "limits": {"internet": False}}, False, ALL, Way.SHARED),
    ],
)
def test_the_way(
    monkeypatch: pytest.MonkeyPatch, settings: dict[str, Any], root: bool, programs: set[str], expected: Way
) -> None:
    monkeypatch.setattr(internet, "_program", lambda name: f"/usr/sbin/{name}" if name in programs else "")
    assert internet.way(Settings.model_validate(settings), root=root) is expected
    assert internet.network(expected).own is (expected is not Way.SHARED)


def test_the_rules_let_out_and_never_in_or_across() -> None:
    firewall = Firewall.of(Layout(Path("/state")))
    rules = firewall.render("10.1.2.3", "eth0")
    ours = f'"{firewall.interfaces}*"'
    assert f"iifname {ours} drop" in rules.split("chain forward")[0]
    forward = rules.split("chain forward")[1].split("chain names")[0]
    lines = [line.strip() for line in forward.splitlines()]
    across, back, inward = (
        lines.index(f"iifname {ours} oifname {ours} drop"),
        lines.index(f"oifname {ours} ct state established,related accept"),
        lines.index(f"oifname {ours} drop"),
    )
    assert across < back < inward
    assert "dnat ip to 10.1.2.3" in rules
    assert "eth0" not in firewall.render("10.1.2.3", "")


def test_two_hubs_have_rules_and_interfaces_of_their_own() -> None:
    one, other = (Firewall.of(Layout(Path(f"/{name}"))) for name in ("one", "other"))
    assert one.table != other.table
    assert not one.interfaces.startswith(other.interfaces)
    assert len(f"{one.interfaces}{(1 << 14) - 1:x}") <= 15  # the longest name of an interface


def test_the_machine_gets_no_new_address() -> None:
    # A new address on the machine makes its browsers break off what they are loading.
    lines = Pair("sk0", 5).outside(42).splitlines()
    assert not [line for line in lines if line.startswith("addr")]
    up = lines.index("link set sk0 up")
    assert "link set sk0 addrgenmode none" in lines[:up]


def test_pairs_have_addresses_of_their_own() -> None:
    pairs = [Pair("sk0", number) for number in (1, 2, 255, 256, (1 << 14) - 1)]
    assert len({pair.inside for pair in pairs}) == len(pairs)
    assert len({line for pair in pairs for line in pair.within.splitlines() if "lladdr" in line}) == len(pairs)
