"""A real S3 server on this machine, one that keeps conditional writes: versitygw."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.support.hubs import free_port, until_open

KEYS = ("testing", "testing-secret")
INSTALL = "go install github.com/versity/versitygw/cmd/versitygw@latest"


@contextmanager
def running_server() -> Iterator[str]:
    """Its address. The test is skipped where the program is not here."""
    program = shutil.which("versitygw") or str(Path.home() / "go/bin/versitygw")
    if not Path(program).exists():
        pytest.skip(f"versitygw is not here: {INSTALL}")
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        keys = {"ROOT_ACCESS_KEY": KEYS[0], "ROOT_SECRET_KEY": KEYS[1]}
        command = [program, "--port", f"127.0.0.1:{port}", "posix", "--sidecar", f"{folder}/about", f"{folder}/data"]
        for part in ("about", "data"):
            (Path(folder) / part).mkdir()
        with subprocess.Popen(
            command, env={**os.environ, **keys}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as started:
            try:
                until_open(port, started)
                yield f"http://127.0.0.1:{port}"
            finally:
                started.kill()


def client(address: str) -> Any:
    """What makes and fills buckets there."""
    import boto3

    keys = {"aws_access_key_id": KEYS[0], "aws_secret_access_key": KEYS[1]}
    return boto3.client("s3", endpoint_url=address, region_name="us-east-1", **keys)
