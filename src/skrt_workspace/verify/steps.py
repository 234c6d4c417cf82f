"""The steps of the self-test, each with a deadline: a table, and the function behind each name."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from pathlib import Path

from skrt_workspace.verify import coded
from skrt_workspace.verify.result import Found

EXAMPLES = Path(__file__).parent.parent / "examples"


@dataclass(frozen=True)
class Step:
    """A step: the function that does it (module and name in this package), its argument, and its deadline in s."""

    name: str
    module: str
    function: str
    argument: str = ""
    deadline: float = 120.0
    quick: bool = True

    def run(self) -> Found:
        """Do the step here, in this process."""
        room = importlib.import_module(f"skrt_workspace.verify.{self.module}")
        function = getattr(room, self.function)
        found: Found = function(self.argument) if self.argument else function()
        return found


def all_steps() -> list[Step]:
    """The fixed steps, then one for each example notebook."""
    steps = [
        Step("libraries", "libraries", "libraries"),
        Step("elastix", "engines", "rigid", "elastix"),
        Step("niftyreg", "engines", "rigid", "niftyreg"),
        Step("dicom", "dicom", "round_trip"),
        *(Step(f"dicom, {name}", "coded", "compressed", name) for name in coded.SYNTAXES),
        Step("kernel", "kernels", "kernel"),
        Step("viewer", "kernels", "viewer"),
        Step("elastix, deformable", "engines", "deformable", "elastix", 300.0, quick=False),
        Step("niftyreg, deformable", "engines", "deformable", "niftyreg", 300.0, quick=False),
    ]
    notebooks = sorted(path.stem for path in EXAMPLES.glob("*.ipynb"))
    return steps + [Step(f"notebook {name}", "notebooks", "check", name, 480.0, quick=False) for name in notebooks]
