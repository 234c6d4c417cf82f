"""skrt-hub as one kind of user runs it."""

from __future__ import annotations

import os
import pwd
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Tool:
    """skrt-hub as one kind of user runs it: `root` (each participant an own user id) or `ordinary`."""

    kind: str
    python: Path
    environments: Path
    account: pwd.struct_passwd | None = None

    @property
    def variables(self) -> dict[str, str]:
        kept = {
            name: os.environ[name]
            for name in ("PATH", "SSL_CERT_FILE", "PIP_CERT", "UV_CACHE_DIR")
            if name in os.environ
        }
        home = self.account.pw_dir if self.account else os.environ.get("HOME", "/")
        return {**kept, "HOME": home, "LANG": "C.UTF-8", "SKRT_HUB_ENVIRONMENTS": str(self.environments)}

    @property
    def user(self) -> dict[str, Any]:
        if self.account is None:
            return {}
        return {"user": self.account.pw_uid, "group": self.account.pw_gid, "extra_groups": []}

    def run(self, *words: str | Path, deadline: float = 300, **options: Any) -> subprocess.CompletedProcess[str]:
        """Run `skrt-hub` with these words."""
        command = [str(self.python), "-m", "skrt_hub", *map(str, words)]
        given: dict[str, Any] = {"env": self.variables, "cwd": "/", "timeout": deadline, **self.user, **options}
        if "input" not in given:
            given["stdin"] = subprocess.DEVNULL
        return subprocess.run(command, capture_output=True, text=True, check=False, **given)

    def own(self, path: Path) -> Path:
        if self.account is not None:
            os.chown(path, self.account.pw_uid, self.account.pw_gid)
        return path
