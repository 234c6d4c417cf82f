"""Each mend of the compatibility layer on the real scikit-rt: the same code fails without it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from skrt_hub.environment import Environment

WITHOUT_ALL = "import skrt_workspace.startup as startup; startup.HELPERS.clear()\n"
WITHOUT = "import skrt_workspace.compat as compat, skrt_workspace.compat.libraries as libraries\n"

MENDS = {
    "storage class identifiers": (
        WITHOUT + "libraries.storage_sop_class_uids = lambda: None\n",
        "import skrt.dicom_writer as w; assert w.sop.CTImageStorage == '1.2.840.10008.5.1.4.1.1.2'",
    ),
    "pydicom.read_file": (
        WITHOUT + "libraries.read_file = lambda: None\n",
        "import skrt, pydicom; from skrt.viewer.core import load_dicom\nassert pydicom.read_file is pydicom.dcmread",
    ),
    "matplotlib.cm.get_cmap": (
        WITHOUT + "libraries.get_cmap = lambda: None\n",
        "import skrt; im = skrt.SyntheticImage((8, 8, 4)).get_image(); im.plot(show=False, mask=im)\n"
        "import matplotlib.cm; assert matplotlib.cm.get_cmap('jet').name == 'jet'\n"
        "assert matplotlib.cm.get_cmap().name == 'viridis'; assert matplotlib.cm.get_cmap('jet', 5).N == 5",
    ),
    "statistics of NumPy integers": (
        "import skrt_workspace.startup as startup; del startup.HELPERS['skrt.core']\n",
        "import numpy as np; from skrt.core import get_stat\n"
        "assert get_stat([np.int64(1), np.int64(2), np.int64(4)], stat='stdev') > 1.5",
    ),
    "numbers in transform files": (
        "import skrt_workspace.startup as startup; del startup.HELPERS['skrt.registration']\n",
        "import skrt, pathlib; from skrt.registration import Elastix\n"
        "file = pathlib.Path('t.txt')\n"
        "file.write_text('(Spacing 1 1 2.5)\\n(DefaultPixelValue 1e-05)\\n(Size 8 8 4)\\n')\n"
        "read = Elastix().read_parameters(str(file))\n"
        "assert read == {'Spacing': [1, 1, 2.5], 'DefaultPixelValue': 1e-05, 'Size': [8, 8, 4]}, read",
    ),
    "figures of BetterViewer": (
        "import skrt_workspace.startup as startup; del startup.HELPERS['skrt.better_viewer']\n",
        "import matplotlib; matplotlib.use('module://ipympl.backend_nbagg')\n"
        "import IPython.display, skrt, skrt.better_viewer as viewers, matplotlib.pyplot as plt\n"
        "viewers.in_notebook = lambda: True\n"
        "shown = []; IPython.display.display = lambda *what, **how: shown.extend(what)\n"
        "viewer = skrt.BetterViewer(skrt.SyntheticImage((8, 8, 4)).get_image(), show=False)\n"
        "first = viewer.fig; viewer.plot(); second = viewer.fig\n"
        "assert second is not first and second.canvas in shown, shown\n"
        "assert plt.get_fignums() == [second.number], plt.get_fignums()",
    ),
    "bands of small integers": (
        "import skrt_workspace.startup as startup; del startup.HELPERS['skrt.image']\n",
        "import numpy as np, skrt; im = skrt.Image(np.arange(8, dtype=np.uint8).reshape(2, 2, 2))\n"
        "im.apply_selective_banding({50: (None, 3), 200: (6, None)})\n"
        "assert sorted(im.get_data().ravel()) == [4, 5, 6, 50, 50, 50, 50, 200], im.get_data()",
    ),
    "memory of freed images": (
        WITHOUT + "import skrt_workspace.compat.memory as memory; memory.give_back = lambda: None\n",
        "import skrt, numpy as np; page = 4096\n"
        "used = lambda: int(open('/proc/self/statm').read().split()[1]) * page >> 20\n"
        "np.ones(3 << 20); before = used()\n"  # a block of 24 MB that is freed makes the library keep smaller ones
        "images = [np.ones(1 << 20) for _ in range(40)]; kept = images[::4]; del images\n"
        "grown = used() - before; assert grown < 120, grown",  # ten of 8 MB are kept, and none of the holes between
    ),
    "a copy of a NIfTI image's values": (
        "import skrt_workspace.startup as startup; del startup.HELPERS['skrt.image']\n",
        "import numpy as np, skrt; values = np.arange(24.0).reshape(2, 3, 4)\n"
        "im = skrt.Image(values, voxel_size=(1, 2, 3), origin=(4, 5, 6)).astype('nii')\n"
        "assert np.array_equal(im.get_standardised_data(), values), im.get_standardised_data()\n"
        "assert np.shares_memory(im._sdata, im._data_canonical)",
    ),
    "images that a synthetic image made before": (
        "import skrt_workspace.startup as startup; del startup.HELPERS['skrt.simulation']\n",
        "import tracemalloc, numpy as np, skrt; im = skrt.SyntheticImage((128, 128, 64), noise_std=1)\n"
        "im.add_sphere(9, name='a'); im.add_cylinder(5, 9, group='b'); im.add_cube(4, group='b')\n"
        "x, y, z = im.get_coords(); full = skrt.Image.get_coords(im)\n"
        "assert all(np.array_equal(one, other) for one, other in zip((x, y, z), full))\n"
        "inside = sum((one - at) ** 2 for one, at in zip(full, im.get_centre())) <= 81\n"
        "assert np.array_equal(im.get_structure_set().get_roi('a').get_mask(), inside)\n"
        "before = tracemalloc.start() or tracemalloc.get_traced_memory()[0]\n"
        "for _ in range(20): im.get_data()\n"
        "grown = (tracemalloc.get_traced_memory()[0] - before) / im.get_data().nbytes; assert grown < 16, grown",
    ),
}


def _python(environment: Environment, code: str, folder: Path) -> subprocess.CompletedProcess[str]:
    variables = {**os.environ, "HOME": str(folder), "MPLBACKEND": "agg"}
    command = [environment.python, "-W", "ignore", "-c", code]
    return subprocess.run(command, env=variables, capture_output=True, text=True, check=False, cwd=folder)


SHORT = "statistics of NumPy integers"  # one path; the others when scikit-rt or a library changes


@pytest.mark.parametrize(
    "name", [name if name == SHORT else pytest.param(name, marks=pytest.mark.long) for name in MENDS]
)
def test_the_mend_mends(environment: Environment, name: str, tmp_path: Path) -> None:
    without, code = MENDS[name]
    mended = _python(environment, code, tmp_path)
    assert mended.returncode == 0, mended.stderr
    unmended = _python(environment, without + code, tmp_path)
    assert unmended.returncode != 0


def test_scikit_rt_cannot_be_imported_without_the_layer(environment: Environment, tmp_path: Path) -> None:
    assert _python(environment, WITHOUT_ALL + "import skrt", tmp_path).returncode != 0


def test_pythons_own_statistics_is_untouched(environment: Environment, tmp_path: Path) -> None:
    code = "import statistics; before = dict(vars(statistics)); import skrt; assert dict(vars(statistics)) == before"
    assert _python(environment, code, tmp_path).returncode == 0


def test_nothing_is_mended_before_scikit_rt_is_imported(environment: Environment, tmp_path: Path) -> None:
    code = (
        "import pydicom, matplotlib.cm as cm; assert not hasattr(pydicom, 'read_file') and not hasattr(cm, 'get_cmap')"
    )
    assert _python(environment, code, tmp_path).returncode == 0


def test_a_newer_scikit_rt_is_left_alone(environment: Environment, tmp_path: Path) -> None:
    package = tmp_path / "src" / "skrt"
    package.mkdir(parents=True)
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "scikit-rt"\nversion = "0.9.0"\n')
    (package / "__init__.py").write_text("import pydicom\nmended = hasattr(pydicom, 'read_file')\n")
    code = "import sys; sys.path.insert(0, 'src'); import skrt; print(skrt.mended)"
    assert _python(environment, code, tmp_path).stdout.strip() == "False"
