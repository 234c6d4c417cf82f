"""Cells of tables that a spreadsheet takes for text: names are the participants' own, and could be formulas."""

from __future__ import annotations

_BEGINNINGS = ("=", "+", "-", "@", "\t", "\r")


def plain_cell(cell: str) -> str:
    """The cell, marked as text where a spreadsheet would take it for a formula; numbers stay numbers."""
    return f"'{cell}" if cell.startswith(_BEGINNINGS) and not _is_number(cell) else cell


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True
