"""The server's kernels, one of which may wait for the first notebook: started before anybody asks, shown to nobody.

In a server that was made ready for its person (hub.yaml's `seats`) the first notebook thus finds its kernel there. It
is taken at most once, and only where a kernel started now would be the same: the environment's own, with the server's
variables. Everything else starts as ever.
"""

from __future__ import annotations

import asyncio
import os
import uuid
from collections.abc import Mapping
from typing import Any

from jupyter_client.kernelspec import NATIVE_KERNEL_NAME
from jupyter_server.services.kernels.kernelmanager import AsyncMappingKernelManager

from skrt_workspace.ahead import SESSION

_PATIENCE = 60.0
_MODULE = "__import__('skrt_workspace.ahead', fromlist=['ahead'])"


class Kernels(AsyncMappingKernelManager):  # type: ignore[misc]
    """Jupyter's own manager of kernels, with one that waits."""

    _waiting = ""  # the identifier of the kernel that waits, as long as nobody has taken it
    _begun: asyncio.Task[None] | None = None

    def start_ahead(self) -> None:
        """Start a kernel that waits."""
        self._waiting = str(uuid.uuid4())
        self._begun = asyncio.ensure_future(self._start_ahead(self._waiting))
        self._begun.add_done_callback(self._tell_failure)

    async def start_kernel(self, *, kernel_id: str | None = None, path: str | None = None, **kwargs: Any) -> str:
        """Start a kernel, or take the one that waits; returns its identifier."""
        if kernel_id is None and self._waiting and self._is_the_same(kwargs):
            taken = await self._take(path, kwargs.get("env") or {})
            if taken:
                return taken
        started: str = await super().start_kernel(kernel_id=kernel_id, path=path, **kwargs)
        return started

    def list_kernels(self) -> list[Any]:
        """The kernels that somebody has started."""
        return [model for model in super().list_kernels() if model["id"] != self._waiting]

    def start_watching_activity(self, kernel_id: str) -> None:
        """Note what a kernel does as use of the server; one that waits is not used."""
        if kernel_id != self._waiting:
            super().start_watching_activity(kernel_id)

    def _is_the_same(self, asked: Mapping[str, Any]) -> bool:
        """Whether the kernel that waits is what this call would start."""
        name = asked.get("kernel_name") or self.default_kernel_name
        others = {key for key, value in asked.items() if value} - {"kernel_name", "env"}
        variables = {key: value for key, value in (asked.get("env") or os.environ).items() if key != SESSION}
        return name == NATIVE_KERNEL_NAME and not others and variables == dict(os.environ)

    async def _start_ahead(self, kernel_id: str) -> None:
        await super().start_kernel(kernel_id=kernel_id, kernel_name=NATIVE_KERNEL_NAME, env=dict(os.environ))
        await self._run(kernel_id, f"{_MODULE}.prepare()")

    def _tell_failure(self, begun: asyncio.Task[None]) -> None:
        """Also where nobody ever asks for the kernel, whose notebook would tell it."""
        error = None if begun.cancelled() else begun.exception()
        if error is not None:
            self.log.warning("The kernel that was to wait did not start: %s: %s", type(error).__name__, error)

    async def _take(self, path: str | None, variables: Mapping[str, str]) -> str | None:
        """The kernel that waits, as the one of a notebook in this folder; None where it cannot be."""
        kernel_id, begun = self._waiting, self._begun
        self._waiting, self._begun = "", None
        assert begun is not None
        folder = str(self.cwd_for_path(path or "", env=dict(variables)))
        session = variables.get(SESSION, "")
        try:
            await begun
            await self._run(kernel_id, f"{_MODULE}.move({folder!r}, {session!r})")
        except Exception as error:  # whatever it is, a new kernel is as good
            self.log.info("The kernel that waited is not taken: %s", error)
            await self._end(kernel_id)
            return None
        kernel = self.get_kernel(kernel_id)
        kernel._launch_args.update({"cwd": folder, "env": {**os.environ, **variables}})  # for a restart
        kernel.provisioner.cwd = folder
        kernel.execution_state = "idle"
        super().start_watching_activity(kernel_id)
        self.log.info("The kernel that waited is taken: %s", kernel_id)
        return kernel_id

    async def _end(self, kernel_id: str) -> None:
        if kernel_id in self:
            try:
                await self.shutdown_kernel(kernel_id, now=True)
            except Exception as error:
                self.log.warning("The kernel that waited does not end: %s", error)

    async def _run(self, kernel_id: str, code: str) -> None:
        """Have the kernel do this, unseen. Raises RuntimeError with its words, or TimeoutError."""
        client = self.get_kernel(kernel_id).client()
        client.start_channels(iopub=False, stdin=False, hb=False, control=False)
        try:
            asked = client.execute(code, silent=True, store_history=False, allow_stdin=False)
            async with asyncio.timeout(_PATIENCE):
                while True:
                    reply = await client.get_shell_msg()
                    if reply["parent_header"].get("msg_id") == asked:
                        break
        finally:
            client.stop_channels()
        if reply["content"]["status"] != "ok":
            raise RuntimeError(f"{reply['content'].get('ename')}: {reply['content'].get('evalue')}")
