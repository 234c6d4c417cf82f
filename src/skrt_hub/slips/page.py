"""Slips as a web page, which any browser prints; letters of every script appear as the browser has them."""

from __future__ import annotations

import html
from collections.abc import Sequence

from skrt_hub.slips.slip import WORDS, Slip

_STYLE = """
@page { margin: 12mm; }
body { font-family: system-ui, sans-serif; margin: 0; color: #000; }
main { display: grid; grid-template-columns: 1fr 1fr; max-width: 190mm; margin: 0 auto; }
article { border: 1px dashed #999; padding: 4mm; break-inside: avoid; min-height: 54mm; box-sizing: border-box; }
h2 { font-size: 12pt; margin: 0 0 2mm; } p, dl { margin: 0 0 1.5mm; }
svg { float: right; width: 36mm; height: 36mm; margin-left: 3mm; }
dt { font-size: 7pt; } dd { margin: 0 0 1.5mm; overflow-wrap: anywhere; }
.code { font: bold 13pt monospace; } small { font-size: 6.5pt; display: block; clear: both; overflow-wrap: anywhere; }
"""


def render(slips: Sequence[Slip]) -> str:
    """The page; nothing in it is fetched from elsewhere."""
    title = html.escape(slips[0].hub) if slips else ""
    head = f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title><style>{_STYLE}</style>'
    return f"{head}</head><body><main>\n{''.join(map(_article, slips))}</main></body></html>\n"


def _article(slip: Slip) -> str:
    rows = [(WORDS["address"], slip.address, ""), (WORDS["name"], slip.login, ""), (WORDS["code"], slip.code, "code")]
    words = "".join(f'<dt>{title}</dt><dd class="{kind}">{html.escape(text)}</dd>' for title, text, kind in rows)
    shown = f"<p>{html.escape(slip.shown)}</p>" if slip.shown != slip.login else ""
    small = f"{WORDS['steps']}" + (f" {WORDS['certificate']} {slip.fingerprint}" if slip.fingerprint else "")
    head = f"{_svg(slip)}<h2>{html.escape(slip.hub)}</h2>{shown}"
    return f"<article>{head}<dl>{words}</dl><small>{small}</small></article>\n"


def _svg(slip: Slip) -> str:
    size = len(slip.matrix())
    return f'<svg viewBox="0 0 {size} {size}" role="img" aria-label="QR code"><path d="{slip.path()}"/></svg>'
