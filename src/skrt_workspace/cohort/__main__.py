"""The runner as a program."""

from __future__ import annotations

import sys

from skrt_workspace.cohort.runner import main

sys.exit(main())
