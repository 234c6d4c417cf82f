"""The charts of a burst and of a rehearsal, as SVG.

Written by hand, because the tool's own environment has no plotting library and needs none for a few lines.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

from skrt_hub.bench.seats import PATIENCE, Seats, Step

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


@dataclass(frozen=True)
class Panel:
    """One quantity over the number of people, and the value at which it ends."""

    label: str
    points: Sequence[tuple[int, float]]
    limit: float
    limit_label: str


def arrival_chart(title: str, curves: Sequence[Curve], people: int) -> str:
    """An SVG document (SVG 1.1, W3C) of arrivals: seconds to the right, people upwards."""
    latest = max((time for curve in curves for time in curve.times), default=1.0)
    step, ticks = round_steps(latest)
    end = step * ticks
    parts = [_frame(title), *_grid(end, step, ticks, people, below="seconds after the log-in", beside="people")]
    for number, curve in enumerate(curves):
        parts.append(_stair(curve, end, people))
        parts.append(_legend(curve, number))
    return "\n".join((*parts, "</svg>\n"))


def rehearsal_chart(steps: Sequence[Step], found: Seats, available: int) -> str:
    """An SVG document: memory of all (GB), and below it the notebook's time (s), for each number of people."""
    most = max(found.people, *(step.people for step in steps))
    memory = [(step.people, step.people * step.memory_each / 1e9) for step in steps]
    seconds = [(step.people, step.seconds) for step in steps]
    title = f"This machine seats {found.people}; the limit is {found.ends_first}"
    panels = (
        Panel("memory of all, GB", memory, available / 1e9, "free before"),
        Panel("notebook, s", seconds, PATIENCE * steps[0].seconds, f"{PATIENCE:g} times as long as alone"),
    )
    parts = [_frame(title, height=2 * _HEIGHT)]
    for number, panel in enumerate(panels):
        parts.append(f'<g transform="translate(0 {number * _HEIGHT})">')
        parts.extend(_panel(panel, most, found.people))
        parts.append("</g>")
    return "\n".join((*parts, "</svg>\n"))


def _panel(panel: Panel, most: int, seats: int) -> list[str]:
    step, ticks = round_steps(most, whole=True)
    end = step * ticks
    highest = 1.1 * max(panel.limit if panel.limit < 20 * panel.points[-1][1] else 0, *(y for _, y in panel.points))
    parts = _grid(end, step, ticks, highest, below="people", beside=panel.label)
    line = " ".join(f"{_x(x, end):.1f},{_y(y, highest):.1f}" for x, y in panel.points)
    parts.append(f'<polyline points="{line}" fill="none" stroke="{_COLOURS[0]}" stroke-width="2"/>')
    parts += [
        f'<circle cx="{_x(x, end):.1f}" cy="{_y(y, highest):.1f}" r="3" fill="{_COLOURS[0]}"/>' for x, y in panel.points
    ]
    if panel.limit <= highest:
        y = _y(panel.limit, highest)
        parts.append(f'<path d="M{_LEFT} {y:.1f}H{_WIDTH - _RIGHT}" stroke="{_COLOURS[1]}" stroke-dasharray="5 4"/>')
        parts.append(f'<text x="{_LEFT + 6}" y="{y - 5:.1f}" fill="{_COLOURS[1]}">{escape(panel.limit_label)}</text>')
    x = _x(seats, end)
    parts.append(f'<path d="M{x:.1f} {_TOP}V{_y(0, 1):.1f}" stroke="{_COLOURS[2]}" stroke-dasharray="2 3"/>')
    return parts


def round_steps(largest: float, most: int = 8, *, whole: bool = False) -> tuple[float, int]:
    """A round step (1, 2 or 5 times a power of ten) and how many of them reach `largest`, at most about `most`.

    `whole`: what is counted comes in whole numbers only, such as people.
    """
    largest = max(largest, 1e-3)
    size = 10.0 ** math.floor(math.log10(largest / most))
    step = next(size * factor for factor in (1, 2, 5, 10) if largest / (size * factor) <= most)
    step = max(1.0, step) if whole else step
    return step, max(1, math.ceil(largest / step - 1e-9))


def _x(time: float, end: float) -> float:
    return _LEFT + (_WIDTH - _LEFT - _RIGHT) * time / end


def _y(count: float, people: float) -> float:
    return _HEIGHT - _BOTTOM - (_HEIGHT - _TOP - _BOTTOM) * count / max(1e-9, people)


def _frame(title: str, height: int = _HEIGHT) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" '
        f'font-family="sans-serif" font-size="12">\n<rect width="{_WIDTH}" height="{height}" fill="white"/>\n'
        f'<text x="{_LEFT}" y="20" font-size="15">{escape(title)}</text>'
    )


def _grid(end: float, step: float, ticks: int, most: float, *, below: str, beside: str) -> list[str]:
    bottom, parts = _y(0, most), []
    for number in range(ticks + 1):
        x = _x(number * step, end)
        parts.append(f'<path d="M{x:.1f} {_TOP}V{bottom:.1f}" stroke="#e4e4e4"/>')
        parts.append(f'<text x="{x:.1f}" y="{bottom + 18:.1f}" text-anchor="middle">{number * step:g}</text>')
    rise, _ = round_steps(most, 5, whole=beside == "people")
    for number in range(math.floor(most / rise) + 1):
        y = _y(number * rise, most)
        parts.append(f'<path d="M{_LEFT} {y:.1f}H{_WIDTH - _RIGHT}" stroke="#e4e4e4"/>')
        parts.append(f'<text x="{_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{number * rise:g}</text>')
    middle = (_LEFT + _WIDTH - _RIGHT) / 2
    parts.append(f'<text x="{middle:.0f}" y="{_HEIGHT - 10}" text-anchor="middle">{escape(below)}</text>')
    turn = f'transform="rotate(-90 16 {_HEIGHT / 2:.0f})"'
    parts.append(f'<text x="16" y="{_HEIGHT / 2:.0f}" text-anchor="middle" {turn}>{escape(beside)}</text>')
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
