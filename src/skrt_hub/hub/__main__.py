"""JupyterHub's program, without an import that takes a third of its start and is never used."""

from __future__ import annotations

import gc
import os
import sys
from pathlib import Path
from typing import Any

modules: dict[str, Any] = sys.modules
# jsonschema's check of internationalised addresses, which builds a grammar when it is imported. With None in its place
# the import fails (see sys.modules in Python's reference), and jsonschema leaves the check out.
modules["rfc3987_syntax"] = None


def main() -> None:
    """Run JupyterHub with the arguments of the command line until it is stopped."""
    gc.disable()  # nothing that is imported now is ever garbage; looking for it would take a tenth of the start
    from jupyterhub.app import main as run_hub  # noqa: PLC0415 - after the line above

    from skrt_hub.errors import SkrtHubError  # noqa: PLC0415 - after the line above, too
    from skrt_hub.hub import database, given  # noqa: PLC0415
    from skrt_hub.layout import Layout  # noqa: PLC0415

    try:
        copy = database.upgrade(Layout(Path(os.environ["SKRT_HUB_STATE"])))
    except SkrtHubError as error:
        sys.exit(str(error))
    if copy is not None:
        print(f"The database was upgraded for this JupyterHub; as it was before: {copy}", flush=True)
    given.use()
    gc.freeze()
    gc.enable()
    run_hub()


if __name__ == "__main__":
    main()
