"""The code that a scripted participant runs: what a first lesson begins with."""

from __future__ import annotations

IMPORT = "import skrt"

FIRST_SLICE = """\
%matplotlib inline
from skrt import Image
from skrt_workspace import phantom

planning = min((phantom.path() / "patients" / "Phantom-1").glob("*/CT/*"))
Image(str(planning)).plot()
"""

FORGET_COHORTS = """
import pathlib, shutil
shutil.rmtree(pathlib.Path.home() / "cohorts", ignore_errors=True)
del pathlib, shutil
"""
"""What somebody has done for a cohort is not done again: the notebook would be over at once the second time."""
