"""File contents in packs: many contents to a pack, each compressed on its own, each known by its SHA-256.

A content is a whole small file, or a piece of at most `PIECE` bytes of a larger one. In the pack it is a zstd frame
that holds a tar header and the content. The frames one after another are an ordinary .tar.zst: `zstd -dc PACK | tar -x`
gives all contents as files named by their hashes, without this program.
"""

from __future__ import annotations

import contextlib
import ctypes
import hashlib
import tarfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

import zstandard

from skrt_hub.errors import CopyError
from skrt_workspace.home.content import PIECE

FULL = 32 * 1024 * 1024
_BLOCK = tarfile.BLOCKSIZE
# Images and their noise: level 1 is four to seven times as fast as 3 there, and leaves as little. Text gains from 3.
_LEVEL_LARGE, _LEVEL = 1, 3
_LARGE = 128 * 1024
_CHUNK = 1024 * 1024
_KEPT = 512 * 1024 * 1024
_END = bytes(2 * _BLOCK)


def _header_without_name() -> bytes:
    info = tarfile.TarInfo()
    info.mode = 0o600
    header = bytearray(info.tobuf(tarfile.USTAR_FORMAT))
    header[_SIZE], header[_SUM] = bytes(12), b" " * 8
    return bytes(header)


_NAME, _SIZE, _SUM = slice(0, 64), slice(124, 136), slice(148, 156)
_HEADER = _header_without_name()
_HEADER_SUM = sum(_HEADER)


@dataclass(frozen=True, slots=True)
class Where:
    """Where a content is: offset and length of its frame in the pack, and its own size in bytes."""

    pack: str
    offset: int
    length: int
    size: int


class _Tools(threading.local):
    """Compressors and a decompressor for each thread: making one costs more than a small content does."""

    def __init__(self) -> None:
        self.small = zstandard.ZstdCompressor(level=_LEVEL, write_checksum=False)
        self.large = zstandard.ZstdCompressor(level=_LEVEL_LARGE, write_checksum=False)
        self.unpack = zstandard.ZstdDecompressor()


_tools = _Tools()


def frame(digest: bytes, content: bytes) -> bytes:
    """The compressed frame of one content."""
    header, padding = _tar_header(digest, len(content)), bytes(-len(content) % _BLOCK)
    if len(content) < _LARGE:
        return _tools.small.compress(b"".join((header, content, padding)))
    size = len(header) + len(content) + len(padding)
    chunker = _tools.large.chunker(size=size, chunk_size=_CHUNK)
    parts = [part for given in (header, content, padding) for part in chunker.compress(given)]
    return b"".join((*parts, *chunker.finish()))  # type: ignore[no-untyped-call]


def _tar_header(name: bytes, size: int) -> bytes:
    """What tarfile.TarInfo gives for a file named by its hash, which would take as long as compressing a small one."""
    header = bytearray(_HEADER)
    header[_NAME] = digits = name.hex().encode("ascii")
    header[_SIZE] = length = b"%011o\0" % size
    header[_SUM] = b"%06o\0 " % (_HEADER_SUM + sum(digits) + sum(length))
    return bytes(header)


def content_of(packed: bytes, digest: bytes, size: int) -> bytes:
    """The content in a frame. Raises CopyError where it is damaged, or larger than it says (a bomb)."""
    return bytes(checked(packed, digest, size))


def checked(packed: bytes | memoryview, digest: bytes, size: int) -> memoryview:
    """As `content_of`, without making a copy of the content."""
    most = _BLOCK + size + (-size % _BLOCK)
    try:
        if size > PIECE:
            raise zstandard.ZstdError("the frame says that it holds more than a piece")
        if zstandard.frame_content_size(packed) != most:
            raise zstandard.ZstdError("the frame has another size than the index says")
        unpacked = _tools.unpack.decompress(packed, max_output_size=most)
    except zstandard.ZstdError as error:
        raise CopyError("A saved copy is damaged.", why=f"The content {digest.hex()[:12]}: {error}.") from None
    content = memoryview(unpacked)[_BLOCK : _BLOCK + size]
    if len(unpacked) != most or hashlib.sha256(content).digest() != digest:
        raise CopyError("A saved copy is damaged.", why=f"The content {digest.hex()[:12]} has another hash.")
    return content


def keep_freed_memory() -> None:
    """Have malloc(3) use the room of one piece for the next one.

    Fetching it from the system each time costs as much as hashing the piece (mallopt(3): M_TRIM_THRESHOLD is -1,
    M_MMAP_THRESHOLD is -3).
    """
    with contextlib.suppress(OSError, AttributeError):  # not glibc
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(-1, _KEPT)
        mallopt(-3, _KEPT)


@dataclass
class Pack:
    """A pack that is being filled."""

    frames: list[bytes] = field(default_factory=list)
    entries: dict[bytes, tuple[int, int, int]] = field(default_factory=dict)
    length: int = 0

    def add(self, digest: bytes, packed: bytes, size: int) -> None:
        """Append the frame of a content of `size` bytes."""
        self.entries[digest] = (self.length, len(packed), size)
        self.frames.append(packed)
        self.length += len(packed)

    def finished(self) -> tuple[str, list[bytes], bytes]:
        """The pack's name, the pack in parts and its index, as they are to be put."""
        parts = [*self.frames, zstandard.ZstdCompressor(level=_LEVEL).compress(_END)]
        state = hashlib.sha256()
        for part in parts:
            state.update(part)
        return state.hexdigest(), parts, _index_text(self.entries)


def pack_file(name: str) -> str:
    """The file of the pack `name`."""
    return f"packs/{name}.tar.zst"


def index_file(name: str) -> str:
    """The file of the pack's index."""
    return f"packs/{name}.idx.zst"


def name_from(file: str) -> str:
    """The pack's name from either file."""
    return file.removeprefix("packs/").split(".")[0]


def _index_text(entries: dict[bytes, tuple[int, int, int]]) -> bytes:
    lines = [f"{digest.hex()} {offset} {length} {size}\n" for digest, (offset, length, size) in entries.items()]
    return zstandard.ZstdCompressor(level=_LEVEL).compress("".join(lines).encode())


def read_index(name: str, data: bytes) -> Iterator[tuple[bytes, Where]]:
    """What a pack's index says. Raises CopyError where it is damaged."""
    try:
        text = zstandard.ZstdDecompressor().decompress(data, max_output_size=256 * 1024 * 1024)
        for line in text.decode("ascii").splitlines():
            digest, offset, length, size = line.split()
            yield bytes.fromhex(digest), Where(name, int(offset), int(length), int(size))
    except (zstandard.ZstdError, ValueError) as error:
        raise CopyError("A saved copy is damaged.", why=f"The index of pack {name[:12]}: {error}.") from None
