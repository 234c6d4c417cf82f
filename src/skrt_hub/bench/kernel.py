"""Messages to and from a kernel, and their form on the websocket.

Sources: the messages are described in Jupyter's messaging specification (jupyter-client documentation, "Messaging in
Jupyter"), the framing in jupyter-server's documentation, "WebSocket protocols": v1.kernel.websocket.jupyter.org.
"""

from __future__ import annotations

import itertools
import json
import struct
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

SUBPROTOCOL = "v1.kernel.websocket.jupyter.org"


@dataclass(frozen=True)
class KernelMessage:
    """One message: the channel it goes over, and its four documents."""

    channel: str
    header: dict[str, Any]
    parent: dict[str, Any]
    content: dict[str, Any]

    @property
    def kind(self) -> str:
        """The message type, such as `execute_reply`."""
        return str(self.header.get("msg_type", ""))

    def answers(self, request: KernelMessage) -> bool:
        """Whether this message came because of `request`."""
        return bool(self.parent.get("msg_id") == request.header["msg_id"])


def execute_request(code: str, session: str) -> KernelMessage:
    """A request to run `code`, as a notebook sends it."""
    content = {
        "code": code,
        "silent": False,
        "store_history": True,
        "user_expressions": {},
        "allow_stdin": False,
        "stop_on_error": True,
    }
    return _request("execute_request", session, content)


def kernel_info_request(session: str) -> KernelMessage:
    """The question that a page asks first: who are you?"""
    return _request("kernel_info_request", session, {})


def to_bytes(message: KernelMessage) -> bytes:
    """The message as one binary frame: a count, the offsets of the parts, then the parts (all integers 64 bit, little).

    The parts are the channel and the header, parent header, metadata and content as JSON.
    """
    documents: tuple[dict[str, Any], ...] = (message.header, message.parent, {}, message.content)
    parts = [message.channel.encode(), *(json.dumps(document).encode() for document in documents)]
    offsets = [8 * (len(parts) + 2)]
    for part in parts:
        offsets.append(offsets[-1] + len(part))
    return struct.pack(f"<{len(offsets) + 1}Q", len(offsets), *offsets) + b"".join(parts)


def from_bytes(frame: bytes) -> KernelMessage:
    """The message in a binary frame; buffers after the content are passed over. Raises ValueError for another form."""
    try:
        (count,) = struct.unpack_from("<Q", frame)
        if not 6 <= count <= 1000:
            raise ValueError(f"a frame with {count} offsets")
        offsets = struct.unpack_from(f"<{count}Q", frame, 8)
        parts = [frame[start:end] for start, end in itertools.pairwise(offsets)]
        header, parent, content = (json.loads(parts[place]) for place in (1, 2, 4))
    except struct.error as error:
        raise ValueError(f"not a kernel message: {error}") from None
    return KernelMessage(parts[0].decode(), header, parent, content)


def has_picture(message: KernelMessage) -> bool:
    """Whether the message shows a PNG picture that is not empty."""
    data = message.content.get("data", {}) if message.kind in ("display_data", "execute_result") else {}
    return len(data.get("image/png", "")) > 1000


def _request(kind: str, session: str, content: dict[str, Any]) -> KernelMessage:
    header = {
        "msg_id": uuid.uuid4().hex,
        "msg_type": kind,
        "username": "",
        "session": session,
        "date": datetime.now(UTC).isoformat(),
        "version": "5.3",
    }
    return KernelMessage("shell", header, {}, content)
