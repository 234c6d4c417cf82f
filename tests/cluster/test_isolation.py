"""Who reaches what on a real cluster: the audit, its layers switched off, and a page that attacks its visitors."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.machine.hub.test_visitors import OPEN_PAGE
from tests.support.aside import run_aside

from .conftest import Hub
from .participant import Participant
from .test_class import PATIENCE

BY_POLICY = {"cluster_interface", "other_pod"}
"""What only network policies refuse: the test cluster has them and does not enforce them."""
NO_LAYERS = {
    "hub": {
        "extraConfig": {"12-skrt-hub-visitors": ""},
        "config": {"KubeSpawner": {"container_security_context": {"seccompProfile": {"type": "Unconfined"}}}},
    },
    "proxy": {"chp": {"extraEnv": {"NODE_OPTIONS": ""}}},
    "singleuser": {
        "cmd": ["/opt/skrt/bin/python", "-P", "-s", "-m", "skrt_workspace.launch", "--warm"],
        "serviceAccountName": "default",
        "allowPrivilegeEscalation": True,
        "extraPodConfig": {"automountServiceAccountToken": True},
    },
}
"""The chart's values that take away what the hub adds, and what the chart adds."""
ASK_THE_HUB = """async () => [(await fetch('/hub/token')).status,
    (await fetch('/hub/api/users/mallory/tokens', {method: 'POST', body: '{}', referrer: '/hub/token'})).status]"""
SWITCHED_OFF = {
    *("cluster_token", "become_root"),
    *("keyring", "io_rings", "type_into_terminal", "virtual_sockets", "file_handles"),
    *("server_without_mark", "other_host", "pages_to_scripts", "framed"),
}


@pytest.fixture(scope="module")
def plain(hub: Hub) -> Iterator[Hub]:
    """The hub as it is without any settings, before and after."""
    hub.configure()
    hub.run("up")
    yield hub
    hub.configure()
    hub.run("up")


def reached(hub: Hub, code: int, *words: str) -> set[str]:
    report = hub.run("audit", *words, code=code)
    rows = report["rows"]
    assert not [row for row in rows if row["outcome"] == "not tried"]
    found = {row["probe"] for row in rows if row["outcome"] == "reachable"}
    enforced = bool(os.environ.get("SKRT_HUB_TEST_POLICIES"))
    assert enforced != any("network policies" in layer for layer in report["missing_layers"])
    assert enforced == found.isdisjoint(BY_POLICY)
    return found - BY_POLICY


def test_the_audit_finds_nothing_but_policies_that_nobody_enforces(plain: Hub) -> None:
    assert reached(plain, 0 if os.environ.get("SKRT_HUB_TEST_POLICIES") else 21) == set()
    assert "audit-" not in plain.kubectl("get", "pods,persistentvolumeclaims", "--output=name")
    assert not [row for row in plain.run("participants")["participants"] if row["name"].startswith("audit-")]


async def open_page(hub: Hub) -> None:
    """Mallory's server shows a page to everybody."""
    async with Participant(hub.url, "mallory") as mallory:
        await mallory.log_in()
        await mallory.server()
        written = (
            "import pathlib\n"
            "folder = pathlib.Path.home() / '.jupyter'\n"
            "folder.mkdir(exist_ok=True)\n"
            f"(folder / 'jupyter_server_config.py').write_text({OPEN_PAGE!r})\n"
            "print('written')\n"
        )
        assert "written" in await mallory.run(written)
        await mallory.stop_server()
        await asyncio.sleep(3)
        await mallory.server()
        async with mallory._web.get(f"{mallory.base}open") as answer:
            assert "the open page" in await answer.text()


def logged_in(browser: Browser, url: str, name: str) -> Page:
    page = browser.new_page()
    page.set_default_timeout(PATIENCE)
    page.goto(f"{url}hub/login?next=%2Fhub%2Fhome")
    page.fill("#username_input", name)
    page.fill("#password_input", Participant.password)
    page.click("#login_submit")
    page.wait_for_url("**/hub/home")
    return page


def test_a_page_of_a_server_is_nobody_elses(plain: Hub, browser: Browser) -> None:
    run_aside(open_page(plain))
    page = logged_in(browser, plain.url, "ivo")
    for path in ("user/mallory/open", "user/mallory/open?token=x", "hub/user/mallory/open"):
        page.goto(plain.url + path)
        assert "the open page" not in page.content()
    own = logged_in(browser, plain.url, "mallory")
    own.goto(f"{plain.url}user/mallory/open")
    assert "the open page" in own.content()
    told = own.evaluate(ASK_THE_HUB)
    assert told == [403, 403], "its scripts get nothing of the hub, even from its owner"


def test_each_layer_that_is_switched_off_is_seen(plain: Hub) -> None:
    values = {"prePuller": {"hook": {"enabled": False}}, **NO_LAYERS}
    plain.configure(kubernetes={"values": values})
    plain.run("up")
    assert reached(plain, 21, "--no-limits") >= SWITCHED_OFF


def test_own_origins_keep_a_servers_pages_from_the_hub(plain: Hub, browser: Browser) -> None:
    public = f"http://hub.localhost:{plain.port}"
    plain.configure(public_url=public, participant_url=public.replace("//", "//*."))
    plain.run("up")
    page = logged_in(browser, f"{public}/", "ivo")
    page.goto(f"{public}/hub/spawn")
    page.wait_for_selector("#jp-main-dock-panel")
    assert page.evaluate("location.origin") == f"http://ivo.hub.localhost:{plain.port}"
    asked = f"fetch('{public}/hub/home', {{credentials: 'include'}}).then(() => 'read', () => 'kept out')"
    assert page.evaluate(asked) == "kept out"
    assert reached(plain, 0 if os.environ.get("SKRT_HUB_TEST_POLICIES") else 21, "--no-limits") == set()
