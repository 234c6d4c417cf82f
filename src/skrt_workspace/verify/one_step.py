"""Do one step in this process and write its row: python -m skrt_workspace.verify.one_step NAME FILE."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from skrt_workspace.verify.result import StepFailedError, StepSkippedError
from skrt_workspace.verify.steps import all_steps


def main(name: str, file: Path) -> int:
    """Do the step of this name; its row, without the time, goes to `file`."""
    step = next(step for step in all_steps() if step.name == name)
    row: dict[str, Any] = {"name": name, "verdict": "ok", "numbers": {}}
    try:
        found = step.run()
        row |= {"detail": found.detail, "numbers": found.numbers}
    except StepFailedError as error:
        row |= {"verdict": "failed", "detail": error.detail, "numbers": error.numbers}
    except StepSkippedError as error:
        row |= {"verdict": "skipped", "detail": str(error)}
    except Exception as error:  # a step that breaks in any way is a failed row
        row |= {"verdict": "failed", "detail": f"{type(error).__name__}: {error}"}
    part = file.with_suffix(".part")
    part.write_text(json.dumps(row), encoding="utf-8")
    part.rename(file)
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1], Path(sys.argv[2])))
