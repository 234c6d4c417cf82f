"""The stack to compare with: JupyterHub as its own documentation sets it up on one machine, in a temporary folder.

JupyterHub's simple local spawner and its dummy log-in, the participants' environment with byte code, and JupyterHub's
usual proxy where Node's `configurable-http-proxy` is on the path, else traefik. Everything listens on loopback. Of the
environment it has the packages, and nothing that skrt-hub has set or added: JupyterLab's page is that of the packages.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import secrets
import shutil
import signal
import socket
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import psutil

from skrt_hub.errors import StartError
from skrt_hub.process import Program, beside_python, last_lines, plain_environment, start

_START_DEADLINE = 120.0
_EXTENSIONS = "labextensions"
_OURS = ("skrt_workspace", "skrt-workspace")


@dataclass(frozen=True)
class StockHub:
    """A running stock hub: its address, its password, its process, how long it took to start, and which proxy."""

    url: str
    password: str
    process: psutil.Process
    start: float
    proxy: str

    def servers(self) -> list[int]:
        """The first process of each participant's server."""
        found = []
        for child in self.process.children(recursive=True):
            with contextlib.suppress(psutil.Error):
                if any("singleuser" in word for word in child.cmdline()) and not _is_server(child.parent()):
                    found.append(child.pid)
        return found


@contextlib.asynccontextmanager
async def stock_hub(environment: Path) -> AsyncIterator[StockHub]:
    """A stock hub on a free port, ended with all its servers and removed afterwards. Raises StartError."""
    folder = Path(tempfile.mkdtemp(prefix="skrt-hub-stock-"))
    password = secrets.token_urlsafe(16)
    ports = _free_ports(4)
    proxy = shutil.which("configurable-http-proxy")
    config = folder / "jupyterhub_config.py"
    config.write_text(render_config(environment, folder, password, ports, proxy), encoding="utf-8")
    config.chmod(0o600)
    (folder / "server.py").write_text(render_server_config(environment, folder), encoding="utf-8")
    _link_extensions(environment, folder)
    _write_plain_kernel(environment, folder)
    began = time.monotonic()
    with (folder / "log").open("wb") as log:
        program = start(
            [sys.executable, "-m", "jupyterhub", "--config", config],
            stdout=log,
            stderr=log,
            env=_environment(),
            cwd=folder,
            start_new_session=True,
        )
    process = psutil.Process(program.pid)
    url = f"http://127.0.0.1:{ports[0]}/"
    try:
        await _wait_for_log_in(url, program, folder / "log")
        name = "configurable-http-proxy" if proxy else "traefik"
        yield StockHub(url, password, process, time.monotonic() - began, name)
    finally:
        await asyncio.get_running_loop().run_in_executor(None, _end, process)
        shutil.rmtree(folder, ignore_errors=True)


def _environment() -> dict[str, str]:
    """The programs that JupyterHub starts by name came with skrt-hub; PATH may not lead to them."""
    variables = plain_environment()
    return {**variables, "PATH": f"{beside_python('traefik').parent}{os.pathsep}{variables.get('PATH', os.defpath)}"}


def render_config(environment: Path, folder: Path, password: str, ports: list[int], proxy: str | None) -> str:
    """JupyterHub's configuration file: its defaults, but for where things lie and patience enough for a slow burst."""
    lines = [
        f"c.JupyterHub.bind_url = 'http://127.0.0.1:{ports[0]}/'",
        f"c.JupyterHub.hub_bind_url = 'http://127.0.0.1:{ports[1]}'",
        f"c.JupyterHub.db_url = 'sqlite:///{folder}/jupyterhub.sqlite'",
        f"c.JupyterHub.cookie_secret_file = '{folder}/cookie_secret'",
        "c.JupyterHub.authenticator_class = 'dummy'",
        f"c.DummyAuthenticator.password = {password!r}",
        "c.Authenticator.allow_all = True",
        "c.JupyterHub.spawner_class = 'simple'",
        f"c.SimpleLocalProcessSpawner.home_dir_template = '{folder}/homes/{{username}}'",
        f"c.Spawner.cmd = ['{environment}/bin/jupyterhub-singleuser']",
        f"c.Spawner.args = ['--allow-root', '--config={folder}/server.py']",
        f"c.Spawner.environment = {environment_of_servers(environment, folder)!r}",
        "c.Spawner.default_url = '/lab'",
        "c.Spawner.start_timeout = 600",
        "c.Spawner.http_timeout = 600",
    ]
    if proxy:
        lines.append(f"c.ConfigurableHTTPProxy.command = ['{proxy}']")
        lines.append(f"c.ConfigurableHTTPProxy.api_url = 'http://127.0.0.1:{ports[2]}'")
        lines.append(f"c.ConfigurableHTTPProxy.pid_file = '{folder}/proxy.pid'")
    else:
        lines.append("c.JupyterHub.proxy_class = 'traefik_file'")
        lines.append(f"c.TraefikFileProviderProxy.traefik_api_url = 'http://127.0.0.1:{ports[2]}'")
        lines.append(f"c.TraefikFileProviderProxy.static_config_file = '{folder}/traefik.toml'")
        lines.append(f"c.TraefikFileProviderProxy.dynamic_config_file = '{folder}/rules.toml'")
    return "\n".join(lines) + "\n"


def environment_of_servers(environment: Path, folder: Path) -> dict[str, str]:
    """The variables of participants' servers, with which they read no settings but those that they are given."""
    path = f"{environment}/bin:/usr/bin:/bin"
    return {"PATH": path, "JUPYTER_PATH": f"{folder}/jupyter", "JUPYTER_NO_CONFIG": "1"}


def render_server_config(environment: Path, folder: Path) -> str:
    """The settings of a participant's Jupyter server: the extensions that the packages switch on, and none of ours."""
    switched: dict[str, bool] = {}
    for file in sorted((environment / "etc" / "jupyter" / "jupyter_server_config.d").glob("*.json")):
        named = json.loads(file.read_text(encoding="utf-8")).get("ServerApp", {}).get("jpserver_extensions", {})
        switched |= {name: True for name in named if not name.startswith(_OURS)}
    lines = [
        f"c.ServerApp.jpserver_extensions = {switched!r}",
        f"c.LabApp.labextensions_path = ['{folder}/{_EXTENSIONS}']",
        f"c.LabApp.app_settings_dir = '{folder}/settings'",
        # It would ask the internet, which not every machine has.
        "c.LabApp.check_for_updates_class = 'jupyterlab.handlers.announcements.NeverCheckForUpdate'",
        "c.LabApp.news_url = None",
    ]
    return "\n".join(lines) + "\n"


def _link_extensions(environment: Path, folder: Path) -> None:
    """JupyterLab's extensions of all packages."""
    (folder / _EXTENSIONS).mkdir()
    for extension in (environment / "share" / "jupyter" / "labextensions").glob("*"):
        if not extension.name.startswith(_OURS):
            (folder / _EXTENSIONS / extension.name).symlink_to(extension)


def _write_plain_kernel(environment: Path, folder: Path) -> None:
    """ipykernel's own description of the kernel, found before the environment's, which names our way of starting it."""
    (folder / "homes").mkdir()
    kernel = folder / "jupyter" / "kernels" / "python3"
    kernel.mkdir(parents=True)
    command = [str(environment / "bin" / "python"), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    description = {"argv": command, "display_name": "Python 3", "language": "python"}
    (kernel / "kernel.json").write_text(json.dumps(description), encoding="utf-8")


def _free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [int(one.getsockname()[1]) for one in sockets]


async def _wait_for_log_in(url: str, program: Program[bytes], log: Path) -> None:
    give_up = time.monotonic() + _START_DEADLINE
    async with aiohttp.ClientSession() as web:
        while time.monotonic() < give_up and program.poll() is None:
            with contextlib.suppress(aiohttp.ClientError):
                async with web.get(f"{url}hub/login") as answer:
                    if answer.status == 200:
                        return
            await asyncio.sleep(0.05)
    raise StartError(
        "The stock hub did not start.", why=last_lines(log, 6), remedy="Leave out --against to measure this hub only."
    )


def _is_server(process: psutil.Process | None) -> bool:
    try:
        return process is not None and any("singleuser" in word for word in process.cmdline())
    except psutil.Error:
        return False


def _end(process: psutil.Process) -> None:
    """End the hub, which ends its servers; what is left of its descendants after a while is killed."""
    try:
        family = process.children(recursive=True)
        process.send_signal(signal.SIGTERM)
    except psutil.Error:
        return
    _, left = psutil.wait_procs([process, *family], timeout=60)
    for one in left:
        with contextlib.suppress(psutil.Error):
            one.kill()
    psutil.wait_procs(left, timeout=10)
