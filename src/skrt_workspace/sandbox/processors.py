"""What differs between types of processor: the numbers of system calls, and how a filter of them names the type.

Each number is that of x86_64, then that of aarch64; the newer calls have one number everywhere (unistd.h).
"""

from __future__ import annotations

import platform

MACHINE = platform.machine()
_COLUMN = 1 if MACHINE == "aarch64" else 0

ARCHITECTURE = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}.get(MACHINE)
"""AUDIT_ARCH of linux/audit.h; None for a type whose numbers are not known here."""
HAS_X32 = MACHINE == "x86_64"
"""Whether the same calls have other numbers, too."""

PIVOT_ROOT = (155, 41)[_COLUMN]
CAPGET = (125, 90)[_COLUMN]
CAPSET = (126, 91)[_COLUMN]
KEYCTL = (250, 219)[_COLUMN]
UNSHARE = (272, 97)[_COLUMN]
CLONE = (56, 220)[_COLUMN]
IOCTL = (16, 29)[_COLUMN]
SETSOCKOPT = (54, 208)[_COLUMN]
SOCKETS = ((41, 198)[_COLUMN], (53, 199)[_COLUMN])
"""socket, socketpair"""

REFUSED = tuple(
    numbers[_COLUMN]
    for numbers in (
        (248, 217),  # add_key: keyrings are shared by all namespaces
        (249, 218),  # request_key
        (250, 219),  # keyctl
        (321, 280),  # bpf
        (298, 241),  # perf_event_open
        (323, 282),  # userfaultfd
        (303, 264),  # name_to_handle_at
        (304, 265),  # open_by_handle_at
        (425, 425),  # io_uring_setup
        (165, 40),  # mount
        (428, 428),  # open_tree
        (430, 430),  # fsopen
        (308, 268),  # setns
    )
)
"""Calls that nobody in a sandbox needs."""

NOT_THERE = tuple(
    numbers[_COLUMN]
    for numbers in (
        (319, 279),  # memfd_create: memory that no folder shows, also while no process has it open
        (447, 447),  # memfd_secret
        (29, 194),  # shmget: memory that stays when its programs have ended
        (68, 186),  # msgget
        (64, 190),  # semget: some megabytes for each, and no process has them
        (278, 75),  # vmsplice: a pipe then keeps pages that their program has let go
    )
)
"""As on a kernel without them, so programs take a file in /tmp or /dev/shm: there memory is seen and has a size."""
