"""`python -m skrt_hub` is the command skrt-hub."""

import sys

from skrt_hub.cli import main

sys.exit(main())
