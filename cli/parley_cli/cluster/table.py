"""Owns tables: columns as wide as what is in them, no line over 80 columns, nothing cut off.

A first cell that is too long stands on a line of its own, above the rest of its row. A note stands below its row.
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

WIDTH = 80
_GAP = "  "
_INDENT = "    "


@dataclass(frozen=True, slots=True)
class Row:
    cells: tuple[str, ...]
    notes: tuple[str, ...] = ()


def table(heads: Sequence[str], rows: Sequence[Row]) -> str:
    """All columns but the first have short cells; the first gets what they leave."""
    every = [tuple(heads), *(row.cells for row in rows)]
    widths = [max(len(cells[at]) for cells in every) for at in range(len(heads))]
    room = WIDTH - sum(widths[1:]) - len(_GAP) * (len(widths) - 1)
    fitting = [len(cells[0]) for cells in every if len(cells[0]) <= room]
    widths[0] = max(fitting, default=0)
    lines = [_line(tuple(heads), widths)]
    for row in rows:
        cells = row.cells
        if len(cells[0]) > widths[0]:
            lines.append(cells[0])
            cells = ("", *cells[1:])
        lines.append(_line(cells, widths))
        for note in row.notes:
            lines += wrapped(note, _INDENT)
    return "\n".join(lines)


def wrapped(text: str, indent: str = "") -> list[str]:
    """A word that is longer than a line is broken: an image's name may be."""
    return textwrap.wrap(text, WIDTH, initial_indent=indent, subsequent_indent=indent, break_on_hyphens=False)


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    return _GAP.join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip()
