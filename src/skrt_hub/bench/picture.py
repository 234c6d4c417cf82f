"""The picture of a storm as SVG: how many people had reached the lab page and the slice, second by second.

Written by hand, because the tool's own environment has no plotting library and needs none for two stairs.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

_WIDTH, _HEIGHT = 720, 400
_LEFT, _RIGHT, _TOP, _BOTTOM = 60, 20, 50, 50
_COLOURS = ("#0b6e8f", "#b5502b", "#5a7d2a", "#6b4c9a")


@dataclass(frozen=True)
class Curve:
    """One stair: when each person arrived, in seconds; drawn broken where it is not the last stage."""

    label: str
    times: Sequence[float]
    colour: int = 0
    broken: bool = False


def arrival_picture(title: str, curves: Sequence[Curve], people: int) -> str:
    """An SVG document (SVG 1.1, W3C) of arrivals: seconds to the right, people upwards."""
    latest = max((time for curve in curves for time in curve.times), default=1.0)
    step, ticks = round_steps(latest)
    end = step * ticks
    parts = [_frame(title), *_grid(end, step, ticks, people)]
    for number, curve in enumerate(curves):
        parts.append(_stair(curve, end, people))
        parts.append(_legend(curve, number))
    return "\n".join((*parts, "</svg>\n"))


def round_steps(largest: float, most: int = 8) -> tuple[float, int]:
    """A round step (1, 2 or 5 times a power of ten) and how many of them reach `largest`, at most about `most`."""
    largest = max(largest, 1e-3)
    size = 10.0 ** math.floor(math.log10(largest / most))
    step = next(size * factor for factor in (1, 2, 5, 10) if largest / (size * factor) <= most)
    return step, max(1, math.ceil(largest / step - 1e-9))


def _x(time: float, end: float) -> float:
    return _LEFT + (_WIDTH - _LEFT - _RIGHT) * time / end


def _y(count: float, people: int) -> float:
    return _HEIGHT - _BOTTOM - (_HEIGHT - _TOP - _BOTTOM) * count / max(1, people)


def _frame(title: str) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" '
        f'font-family="sans-serif" font-size="12">\n<rect width="{_WIDTH}" height="{_HEIGHT}" fill="white"/>\n'
        f'<text x="{_LEFT}" y="20" font-size="15">{escape(title)}</text>'
    )


def _grid(end: float, step: float, ticks: int, people: int) -> list[str]:
    bottom, parts = _y(0, people), []
    for number in range(ticks + 1):
        x = _x(number * step, end)
        parts.append(f'<path d="M{x:.1f} {_TOP}V{bottom:.1f}" stroke="#e4e4e4"/>')
        parts.append(f'<text x="{x:.1f}" y="{bottom + 18:.1f}" text-anchor="middle">{number * step:g}</text>')
    rise, count = round_steps(people, 5)
    rise = max(1.0, rise)
    for number in range(math.floor(people / rise) + 1 if count else 1):
        y = _y(number * rise, people)
        parts.append(f'<path d="M{_LEFT} {y:.1f}H{_WIDTH - _RIGHT}" stroke="#e4e4e4"/>')
        parts.append(f'<text x="{_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{number * rise:g}</text>')
    middle = (_LEFT + _WIDTH - _RIGHT) / 2
    parts.append(f'<text x="{middle:.0f}" y="{_HEIGHT - 10}" text-anchor="middle">seconds after the log-in</text>')
    turn = f'transform="rotate(-90 16 {_HEIGHT / 2:.0f})"'
    parts.append(f'<text x="16" y="{_HEIGHT / 2:.0f}" text-anchor="middle" {turn}>people</text>')
    return parts


def _stair(curve: Curve, end: float, people: int) -> str:
    path = f"M{_x(0, end):.1f} {_y(0, people):.1f}"
    for count, time in enumerate(sorted(curve.times), start=1):
        path += f"H{_x(time, end):.1f}V{_y(count, people):.1f}"
    dashes = ' stroke-dasharray="5 4"' if curve.broken else ""
    return f'<path d="{path}" fill="none" stroke="{_COLOURS[curve.colour % 4]}" stroke-width="2"{dashes}/>'


def _legend(curve: Curve, number: int) -> str:
    x, y = _LEFT + 165 * number, 38
    dashes = ' stroke-dasharray="5 4"' if curve.broken else ""
    line = f'<path d="M{x} {y - 4}h24" stroke="{_COLOURS[curve.colour % 4]}" stroke-width="2"{dashes}/>'
    return f'{line}<text x="{x + 30}" y="{y}">{escape(curve.label)}</text>'
