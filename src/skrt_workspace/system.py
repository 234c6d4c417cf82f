"""What the operating system offers, in one place; where a system lacks something, the next best thing.

A hub, its servers and kernels run on Linux, which has all of this. The command skrt-hub also runs on macOS and Windows,
for a hub in a cluster, and there meets the modules that use this. What cannot do without Linux is not among it: that is
refused in words (skrt_hub.computer).
"""

from __future__ import annotations

import errno
import os
import sys
import time

if sys.platform == "win32":
    import msvcrt

    # Without O_BINARY the C library changes line ends on the way.
    O_CLOEXEC = os.O_NOINHERIT | os.O_BINARY
    O_DIRECTORY = O_NOFOLLOW = O_NONBLOCK = O_PATH = 0

    def lock(handle: int, *, shared: bool = False) -> bool:
        """As below."""
        os.lseek(handle, 0, os.SEEK_SET)  # it locks bytes, from where the file is read
        try:
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        except OSError as error:
            if error.errno in (errno.EACCES, errno.EDEADLK):
                return False
            raise
        return True

    def wait_for_lock(handle: int) -> None:
        """As below."""
        while not lock(handle):
            time.sleep(0.02)

    def user() -> int:
        """Users have no numbers."""
        return -1

    def set_mode(handle: int, mode: int) -> None:
        """A person's files are kept from others by the folder that they are in."""

    def sync_folder(folder: str | os.PathLike[str]) -> None:
        """It is done with each file."""

    def read_at(handle: int, size: int, position: int) -> bytes:
        """As below."""
        os.lseek(handle, position, os.SEEK_SET)
        return os.read(handle, size)

    def write_at(handle: int, data: bytes | memoryview, position: int) -> int:
        """As below."""
        os.lseek(handle, position, os.SEEK_SET)
        return os.write(handle, data)

    def on_disk(found: os.stat_result) -> int:
        """As below."""
        return found.st_size

    def sync() -> None:
        """It is done with each file."""

else:
    import fcntl

    O_CLOEXEC, O_DIRECTORY = os.O_CLOEXEC, os.O_DIRECTORY
    O_NOFOLLOW, O_NONBLOCK = os.O_NOFOLLOW, os.O_NONBLOCK
    if sys.platform == "linux":
        O_PATH = os.O_PATH
    else:
        O_PATH = 0

    def lock(handle: int, *, shared: bool = False) -> bool:
        """Take the lock of an open file, alone or shared; False at once where another process has it.

        The system gives it back when the file is closed, or the process ends (flock(2)).
        """
        try:
            fcntl.flock(handle, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def wait_for_lock(handle: int) -> None:
        """Take the lock of an open file alone, and wait for whoever has it."""
        fcntl.flock(handle, fcntl.LOCK_EX)

    def user() -> int:
        """The user that this process works as; 0 is root."""
        return os.geteuid()

    def set_mode(handle: int, mode: int) -> None:
        """Give an open file these rights."""
        os.fchmod(handle, mode)

    def sync_folder(folder: str | os.PathLike[str]) -> None:
        """Make the names in a folder durable (fsync(2))."""
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)

    def read_at(handle: int, size: int, position: int) -> bytes:
        """At most `size` bytes from `position` on (pread(2))."""
        return os.pread(handle, size, position)

    def write_at(handle: int, data: bytes | memoryview, position: int) -> int:
        """Write at `position` (pwrite(2)); how many bytes were."""
        return os.pwrite(handle, data, position)

    def on_disk(found: os.stat_result) -> int:
        """The bytes that a file takes on the disk, as far as the system tells."""
        return found.st_blocks * 512

    def sync() -> None:
        """Have everything that was written on the disk (sync(2))."""
        os.sync()


def forget_cached(handle: int, start: int, size: int) -> None:
    """Have this part of a file read from the disk next time, not from memory, where the system can be asked that."""
    if sys.platform == "linux":
        os.posix_fadvise(handle, start, size, os.POSIX_FADV_DONTNEED)
