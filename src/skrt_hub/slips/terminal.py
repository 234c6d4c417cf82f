"""A QR code in the terminal, for phones in the room."""

from __future__ import annotations

import io

import segno


def qr(text: str) -> str:
    """The code in half blocks, dark on light as cameras expect it, also on a dark terminal."""
    out = io.StringIO()
    segno.make(text, error="l", micro=False).terminal(out=out, compact=True, border=2)
    return out.getvalue()
