"""JupyterHub's program, without an import that takes a third of its start and is never used."""

from __future__ import annotations

import sys
from typing import Any

modules: dict[str, Any] = sys.modules
# jsonschema's check of internationalised addresses, which builds a grammar when it is imported. With None in its place
# the import fails (see sys.modules in Python's reference), and jsonschema leaves the check out.
modules["rfc3987_syntax"] = None


def main() -> None:
    """Run JupyterHub with the arguments of the command line until it is stopped."""
    from jupyterhub.app import main as run_hub  # noqa: PLC0415 - after the line above

    from skrt_hub.hub import given  # noqa: PLC0415 - after the line above, too

    given.use()
    run_hub()


if __name__ == "__main__":
    main()
