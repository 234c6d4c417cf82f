"""Images that are let go give their memory back to the machine.

The C library keeps freed blocks of up to 32 MB, the more the larger those were that it saw, and cannot give back what
lies between others. An image is such a block, and each step of scikit-rt makes and frees several: after a while half of
a kernel's memory was of images that were gone. With a fixed limit, blocks of an image's size are the system's own.
"""

from __future__ import annotations

import ctypes

# mallopt(3). NumPy asks for large pages from 4 MB on, so these blocks cost little to get anew.
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
_OWN_BLOCK = 4 << 20
_KEPT = 64 << 20  # at the end of what is kept; else a fixed limit for blocks would make this nothing


def give_back() -> None:
    """Let large blocks go back when they are freed; done where the C library is GNU's."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_MMAP_THRESHOLD, _OWN_BLOCK)
        mallopt(_TRIM_THRESHOLD, _KEPT)
