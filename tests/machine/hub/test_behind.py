"""The hub behind Debian's nginx and Apache, set up by the very files of the how-to, in a browser."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.browsers import PATIENCE, chromium, log_in, needs_chromium
from tests.support.hubs import Hub, free_port

pytestmark = [pytest.mark.long, needs_chromium]
PAGE = Path(__file__).parents[3] / "docs" / "how-to" / "behind.md"
NAME = "hub.example.org"
MODULES = ("mpm_event", "authz_core", "ssl", "proxy", "proxy_http", "headers", "alias")


def written(server: str, folder: Path, hub: Hub, port: int) -> str:
    """The page's file for this web server, with the paths and ports of the test."""
    (text,) = re.findall(rf"```{server}\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.S)
    text = text.replace(":8000", f":{hub.port}").replace("listen 443", f"listen 127.0.0.1:{port}")
    return str(text.replace("*:443", f"127.0.0.1:{port}").replace("/etc/ssl/", f"{folder}/"))


def nginx(folder: Path, site: str, port: int) -> list[str]:
    stored = "".join(f"{kind}_temp_path {folder};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    user = "user root;" if os.geteuid() == 0 else ""
    (folder / "site").write_text(
        f"{user} daemon off; pid {folder}/pid; error_log {folder}/log; events {{}}\n"
        f"http {{ access_log off; {stored}\n{site} }}\n"
    )
    return ["nginx", "-c", str(folder / "site"), "-e", str(folder / "log")]


def apache(folder: Path, site: str, port: int) -> list[str]:
    load = "\n".join(f"LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so" for name in MODULES)
    user = "User www-data\nGroup www-data\n" if os.geteuid() == 0 else ""
    (folder / "site").write_text(
        f"ServerRoot {folder}\nPidFile {folder}/pid\nDefaultRuntimeDir {folder}\nErrorLog {folder}/log\n"
        f"ServerName localhost\n{load}\n{user}Listen 127.0.0.1:{port}\n{site}"
    )
    return ["apache2", "-DFOREGROUND", "-f", str(folder / "site")]


@contextmanager
def web_server(kind: str, folder: Path, hub: Hub, port: int) -> Iterator[None]:
    program = {"nginx": nginx, "apache": apache}[kind](folder, written(kind, folder, hub, port), port)
    where = shutil.which(program[0], path=f"{os.environ['PATH']}:/usr/sbin")
    if where is None:
        pytest.skip(f"{program[0]} is not installed")
    make = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={NAME}"]
    subprocess.run([*make, "-keyout", folder / "hub.key", "-out", folder / "hub.pem"], check=True, capture_output=True)
    running = subprocess.Popen([where, *program[1:]], stderr=subprocess.PIPE, text=True)
    try:
        end = time.monotonic() + 30
        while time.monotonic() < end:
            assert running.poll() is None, running.communicate()[1]
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        yield
    finally:
        running.terminate()
        running.wait(30)


@pytest.mark.parametrize("kind", ["nginx", "apache"])
def test_a_person_works_through_a_web_server_in_front(kind: str, make_hub: Callable[..., Hub], tmp_path: Path) -> None:
    port = free_port()
    url = f"https://{NAME}:{port}/"
    hub = make_hub(public_url=url.rstrip("/"), tls={"proxy": ["127.0.0.1"]}, login="codes", participants=["anna"])
    hub.run("up")
    hub.run("participants", "password", "anna", input="a good sentence\n")
    with (
        web_server(kind, tmp_path, hub, port),
        chromium(f"--host-resolver-rules=MAP {NAME} 127.0.0.1", "--ignore-certificate-errors") as browser,
    ):
        context = browser.new_context(ignore_https_errors=True)
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        page.goto(url)
        assert page.url == f"{url}hub/login?next=%2Fhub%2F", "a name alone leads to the log-in"
        log_in(page, url, "anna", "a wrong sentence", "hub/spawn")
        page.wait_for_selector("text=/wrong|not right/i")
        assert "'anna' from 127.0.0.1 refused" in hub.run("logs", "hub", "--lines", "200").stdout
        log_in(page, url, "anna", "a good sentence", "hub/spawn")
        page.wait_for_url("**/user/anna/lab**")
        assert [cookie["name"] for cookie in context.cookies() if not cookie["secure"]] == []
        page.wait_for_selector("#jp-main-dock-panel")
        page.click("text=New notebook")
        page.click(".jp-Notebook .cm-content")
        page.keyboard.insert_text("print(6 * 7)")
        page.keyboard.press("Shift+Enter")
        page.wait_for_selector(".jp-OutputArea-output >> text=42")
