"""NiiVue (https://github.com/niivue/niivue, BSD-2-Clause) as a script that a page can load by itself.

The package ipyniivue carries it inside of its notebook widget, and hands out the widget alone. Here the class gets a
second way out, so that nothing has to be built and the class's browsers load one file.
"""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

_MADE = re.compile(rb"=new ([A-Za-z0-9_$]+)\([A-Za-z0-9_$]+\)\}return")
_ENTRY = b"Creating new Niivue instance"
_EXPORT = re.compile(rb"export\{([A-Za-z0-9_$]+) as default\};\s*$")


def add(folder: Path) -> None:
    """Write niivue.js into `folder`. Raises RuntimeError where ipyniivue is made otherwise than expected."""
    found = importlib.util.find_spec("ipyniivue")
    if found is None or found.origin is None:
        raise RuntimeError("The package ipyniivue is missing.")
    script = (Path(found.origin).parent / "static" / "widget.js").read_bytes()
    (folder / "niivue.js").write_bytes(with_class(script))


def with_class(script: bytes) -> bytes:
    """The widget's script, which exports the class `Niivue` too."""
    made = _MADE.search(script, max(0, script.find(_ENTRY)))
    export = _EXPORT.search(script)
    if made is None or export is None:
        raise RuntimeError("This version of ipyniivue is made otherwise: look for its class in static/widget.js.")
    return script[: export.start()] + b"export{" + export[1] + b" as default," + made[1] + b" as Niivue};\n"
