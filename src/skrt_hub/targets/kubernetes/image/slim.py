"""Makes the libraries' layer of the image smaller without taking anything away that a participant uses.

Runs while the image is built, after `skrt_workspace.install --part libraries`: `python slim.py <environment>`. On one
machine all that stays: there somebody may have a compiler, and a disk has room for it.
"""

from __future__ import annotations

import csv
import filecmp
import os
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

SMALLEST_TWIN = 4096
"""Files of the same content from this size on are stored once (as hard links)."""
UNNEEDED = (
    *(f"**/*.{ending}" for ending in ("c", "cpp", "pyx", "pxd", "h", "hpp", "a", "dll", "dylib", "exe")),
    "debugpy/_vendored/pydevd/pydevd_attach_to_process/**/*",
    "fontTools/cu2qu/**/*",
    "fontTools/qu2cu/**/*",
    "fontTools/ufoLib/**/*",
    "fontTools/voltLib/**/*",
    "jupyter_builder/**/yarn*.js",
    "jupyterlab/staging/yarn.lock",
    "nbclassic/static/components/MathJax/jax/output/SVG/**/*",
    "nbclassic/static/components/MathJax/localization/**/*.js",
    "numpy/f2py/**/*",
    "pillow.libs/libavif*",
    "pydantic/v1/**/*",
    *(f"skimage/data/*.{ending}" for ending in ("gif", "jpg", "npz", "npy", "png", "tif", "tiff", "xml")),
    "sqlalchemy/dialects/mssql/*",
    "sqlalchemy/dialects/mysql/*",
    "sqlalchemy/dialects/oracle/*",
    "sqlalchemy/testing/**/*",
    "tornado/test/**/*",
)
"""Files nobody reads here: what modules were compiled from and with, other systems' programs, attaching a debugger by
process number, what type designers need, a builder that needs node, the classic view's second way to draw formulas,
their errors in fifty languages, a picture format without use, other sciences' demonstration pictures, an old
interface, other databases, tests."""
WHOLE = ("itk", "matplotlib", "numpy", "skrt")
"""Packages whose byte code all stays."""
TRIAL = (
    "SimpleITK",
    "nibabel",
    "pandas.io.formats.html",
    "pandas.plotting",
    "scipy.cluster.hierarchy",
    "scipy.fft",
    "scipy.integrate",
    "scipy.interpolate",
    "scipy.io",
    "scipy.ndimage",
    "scipy.optimize",
    "scipy.signal",
    "scipy.sparse.csgraph",
    "scipy.spatial.transform",
    "scipy.special",
    "scipy.stats",
    "skimage.color",
    "skimage.exposure",
    "skimage.feature",
    "skimage.metrics",
    "skimage.morphology",
    "skimage.registration",
    "skimage.restoration",
    "skimage.segmentation",
    "skimage.data",
    "skimage.draw",
    "skimage.filters",
    "skimage.io",
    "skimage.measure",
    "skimage.transform.radon_transform",
    "IPython.core.completerlib",
    "IPython.terminal.interactiveshell",
    "PIL.PngImagePlugin",
    "ipykernel.debugger",
    "ipykernel.ipkernel",
    "ipykernel.kernelapp",
    "ipympl.backend_nbagg",
    "ipywidgets",
    "jedi",
    "jupyter_archive.handlers",
    "jupyter_lsp",
    "jupyter_server.kernelspecs.handlers",
    "jupyter_server.nbconvert.handlers",
    "jupyter_server.serverapp",
    "jupyter_server.services.contents.largefilemanager",
    "jupyter_server.view.handlers",
    "jupyter_server_terminals.handlers",
    "jupyterhub.singleuser",
    "jupyterhub.singleuser.extension",
    "jupyterlab.labapp",
    "jupyterlab_server.handlers",
    "matplotlib.backends.backend_pdf",
    "matplotlib.backends.backend_svg",
    "matplotlib.pyplot",
    "mpl_toolkits.mplot3d",
    "nbclassic.edit.handlers",
    "nbclassic.notebook.handlers",
    "nbclassic.notebookapp",
    "nbclassic.terminal.handlers",
    "nbclassic.tree.handlers",
    "nbclassic.view.handlers",
    "nbclient",
    "nbconvert.exporters.html",
    "nbconvert.exporters.notebook",
    "nbformat.v4",
    "notebook_shim.nbserver",
    "notebook_shim.shim",
    "psutil",
    "pydicom",
    "pydicom.uid",
    "shapely.affinity",
    "shapely.ops",
    "terminado.management",
    "tornado.platform.asyncio",
)
"""What servers, kernels and notebooks import. Byte code of modules that none of these needs is left out: Python
compiles such a module in some milliseconds when it is imported after all."""


PROMISED = (
    "bokeh",
    "cloudpickle",
    "dask.distributed",
    "dask_gateway",
    "gdcm",
    "h5py",
    "ipyniivue",
    "openjpeg",
    "openpyxl",
    "pip",
    "pylibjpeg",
    "seaborn",
    "sklearn.ensemble",
    "surface_distance",
    "tqdm",
)
"""What docs/reference/environment.md promises beside: each works, whether there is byte code of it or not."""
CHECK = """\
import importlib.util, inspect, pathlib, sys
for name in sys.argv[1:]:
    importlib.import_module(name)
import numpy
for thing in (numpy.linalg.inv, importlib.import_module("sklearn.ensemble").RandomForestClassifier):
    assert inspect.getsource(thing).lstrip().startswith(("def ", "class ", "@"))  # people read it in tracebacks
# It is imported with our own package alone, which comes in a later layer.
assert "class Image" in (pathlib.Path(importlib.util.find_spec("skrt").origin).parent / "image.py").read_text("utf-8")
"""


def main(environment: Path) -> int:
    """Each step in turn, with the megabytes it saved."""
    site = next(environment.glob("lib/python3.*/site-packages"))
    for title, saved in (
        ("files that nobody reads", remove(site)),
        ("byte code of what is rarely imported", forget_byte_code(environment, site)),
        ("symbols of compiled modules", strip(environment, site)),
        ("lists of files that are gone", shorten_lists(site)),
        ("files that are there twice", link_twins(environment)),
    ):
        print(f"{title}: {saved / 1e6:.0f} MB less", flush=True)
    check(environment)  # everything still works, or the build ends here
    return 0


def check(environment: Path) -> None:
    """Import what is promised. Raises CalledProcessError where that fails, or where a source cannot be read."""
    imported(environment)
    subprocess.run([environment / "bin" / "python", "-c", CHECK, *PROMISED], check=True)


def remove(site: Path) -> int:
    """Remove the files of `UNNEEDED`."""
    saved = 0
    for pattern in UNNEEDED:
        for path in site.glob(pattern):
            if path.is_file() and not path.is_symlink():
                saved += path.stat().st_size
                path.unlink()
    return saved


def forget_byte_code(environment: Path, site: Path) -> int:
    """Remove the byte code that importing `TRIAL` does not use, outside of the packages of `WHOLE`."""
    used, saved = imported(environment), 0
    for path in site.rglob("*.pyc"):
        if str(path) not in used and path.relative_to(site).parts[0] not in WHOLE:
            saved += path.stat().st_size
            path.unlink()
    return saved


def shorten_lists(site: Path) -> int:
    """Leave in each distribution's list only the files that are there."""
    saved = 0
    for path in site.glob("*.dist-info/RECORD"):
        before = path.stat().st_size
        with path.open(encoding="utf-8", newline="") as file:
            rows = [row for row in csv.reader(file) if row and (site / row[0]).exists()]
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows(rows)
        saved += before - path.stat().st_size
    return saved


def imported(environment: Path) -> set[str]:
    """The byte code files that importing `TRIAL` reads. Raises CalledProcessError where a module cannot be imported."""
    program = (
        "import importlib, sys, warnings\n"
        "warnings.simplefilter('ignore')\n"
        "for name in sys.argv[1:]:\n"
        "    importlib.import_module(name)\n"
        "from jupyter_server.serverapp import JUPYTER_SERVICE_HANDLERS\n"
        "for name in sum((names or [] for names in JUPYTER_SERVICE_HANDLERS.values()), []):\n"
        "    importlib.import_module(name)\n"
        "import numpy, scipy.linalg\n"
        "assert abs(scipy.linalg.inv(numpy.eye(99) * 2).trace() - 49.5) < 1e-9\n"
        "print(*(m.__cached__ for m in sys.modules.values() if getattr(m, '__cached__', None)), sep='\\n')\n"
    )
    done = subprocess.run(
        [environment / "bin" / "python", "-c", program, *TRIAL], check=True, stdout=subprocess.PIPE, text=True
    )
    return set(done.stdout.split("\n"))


def strip(environment: Path, site: Path) -> int:
    """Remove symbols that only debuggers read.

    The folders `*.libs` are left alone: their files were changed by patchelf, and binutils' strip spoils those (scipy's
    OpenBLAS could not be loaded any more).
    """
    saved = 0
    modules = [path for path in site.rglob("*.so") if not any(part.endswith(".libs") for part in path.parts)]
    for path in (*modules, *environment.glob("bin/reg_*")):
        if path.is_symlink() or not path.is_file():
            continue
        before = path.stat().st_size
        done = subprocess.run(["strip", "--strip-unneeded", path], check=False, capture_output=True)
        saved += before - path.stat().st_size if done.returncode == 0 else 0
    return saved


def link_twins(folder: Path) -> int:
    """Store files of the same content and mode once."""
    by_size: dict[tuple[int, int], list[Path]] = defaultdict(list)
    for root, _, names in os.walk(folder):
        for name in names:
            path = Path(root, name)
            if not path.is_symlink() and path.stat().st_size >= SMALLEST_TWIN:
                by_size[(path.stat().st_size, path.stat().st_mode)].append(path)
    saved = 0
    for paths in by_size.values():
        kept: list[Path] = []
        for path in sorted(paths):
            twin = next((other for other in kept if filecmp.cmp(other, path, shallow=False)), None)
            if twin is None:
                kept.append(path)
            elif not twin.samefile(path):
                saved += path.stat().st_size
                path.unlink()
                path.hardlink_to(twin)
    return saved


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
