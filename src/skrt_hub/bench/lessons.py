"""What is measured beside a first slice, for one person: a registration, and modules that no zygote has imported."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.resources import files

from skrt_hub.bench.burst import Crowd
from skrt_hub.bench.notebooks import read_notebook

_REGISTRATION = "05_registration_elastix"
_UNKNOWN = "import seaborn\nimport skimage.filters\nimport sklearn.cluster\n"


def lessons() -> dict[str, tuple[str, ...]]:
    """The cells of each, by what is told of it."""
    return {
        f"{_REGISTRATION}, to the first registration's end": first_registration(),
        "seaborn, scikit-image and scikit-learn imported": (_UNKNOWN,),
    }


def first_registration() -> tuple[str, ...]:
    """The example's cells up to the one that registers."""
    file = files("skrt_workspace") / "examples" / f"{_REGISTRATION}.ipynb"
    cells = read_notebook(file).cells  # type: ignore[arg-type]  # a folder of files, never an archive
    last = next(number for number, cell in enumerate(cells) if ".register()" in cell)
    return tuple(cells[: last + 1])


async def measure(crowd: Crowd, given: Mapping[str, Sequence[str]]) -> tuple[dict[str, float], tuple[str, ...]]:
    """Seconds of each, in a kernel of its own, one after the other; and in words those that did not end."""
    found = {name: await crowd.lesson(cells) for name, cells in given.items()}
    times = {name: end for name, end in found.items() if isinstance(end, float)}
    return times, tuple(f"{name}: {end}" for name, end in found.items() if isinstance(end, str))
