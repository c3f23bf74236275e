"""Owns the picture of a recorded call: both voices as waveforms, and each caption where it came onto the page.

    Tape -> rows (none breaks an exchange) -> waves and words of each -> one SVG, for light pages and dark

Rules: pure; one scale for the whole call; what was struck through on the page is struck through here.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from html import escape

import numpy as np

from tests.browser.tape import RATE, Caption, Tape
from tests.speech import Pcm

WIDTH, LEFT = 1200, 64
PER_SEC = 54
"""Pixels: a row holds some 20 s, and a spoken sentence is about as long as its caption in three lines."""

ROW_SECS = (WIDTH - LEFT) / PER_SEC
LEAD_SECS = 0.4
"""What a row shows before the voice that it begins with."""

BARS_PER_SEC = 18
WAVE, LINE, ABOVE, BELOW, GAP = 22, 15, 2, 3, 20
ROW = ABOVE * LINE + 4 * WAVE + BELOW * LINE + GAP
HEARD = 2
"""Pixels of half a bar from which it is drawn: a room's noise is less."""

CHARACTER = 6.3
"""Pixels of a character of 12 pixels, on an average."""

STYLE = """
    svg { font: 12px system-ui, sans-serif; }
    .you { stroke: #1f6f64; } .agent { stroke: #5a4fb0; }
    text { stroke: none !important; } text.you { fill: #1f6f64; } text.agent { fill: #5a4fb0; }
    .time { fill: #5d646b; } .unheard { text-decoration: line-through; opacity: 0.75; }
    path { fill: none; stroke-width: 2; stroke-linecap: round; } .line { stroke: #8a8f96; stroke-width: 0.5; }
    @media (prefers-color-scheme: dark) {
      .you { stroke: #5cc2b0; } .agent { stroke: #ada3ff; } .time { fill: #a4abb3; }
      text.you { fill: #5cc2b0; } text.agent { fill: #ada3ff; }
    }"""


@dataclass(frozen=True)
class Row:
    start: float
    end: float

    def holds(self, at: float) -> bool:
        return self.start <= at < self.end

    def x(self, at: float) -> int:
        return LEFT + round((at - self.start) * PER_SEC)


def picture(tape: Tape) -> str:
    """Return an SVG of the whole call."""
    found = rows(tape)
    height = len(found) * ROW
    drawn = "\n".join(line for n, row in enumerate(found) for line in _row(tape, row, n * ROW))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}">\n'
        f"<title>A call: the caller's voice and captions above, the agent's below</title>\n"
        f"<style>{STYLE}\n</style>\n{drawn}\n</svg>\n"
    )


def rows(tape: Tape) -> list[Row]:
    """Return the rows of the call: each but the first begins shortly before the caller speaks."""
    total = tape.caller.size / RATE
    breaks = [stretch.start - LEAD_SECS for stretch in tape.caller_stretches()]
    found, start = [], 0.0
    for at, following in itertools.pairwise([*breaks, total]):
        if following - start > ROW_SECS and at > start:
            found.append(Row(start, at))
            start = at
    return [*found, Row(start, total)]


def _row(tape: Tape, row: Row, top: int) -> Iterator[str]:
    yours, agents = top + ABOVE * LINE + WAVE, top + ABOVE * LINE + 3 * WAVE
    for who, pcm, middle in (("you", tape.caller, yours), ("agent", tape.agent, agents)):
        yield f'<path class="line" d="M{LEFT} {middle}H{row.x(row.end)}"/>'
        yield f'<path class="{who}" d="{_wave(pcm, row, middle)}"/>'
        yield f'<text class="{who}" x="0" y="{middle + 4}">{"Caller" if who == "you" else "Agent"}</text>'
    for who, first, most in (("you", top + LINE, ABOVE), ("agent", agents + WAVE + LINE, BELOW)):
        said = [caption for caption in tape.captions if caption.who == who and row.holds(caption.at)]
        ends = [*(row.x(caption.at) for caption in said[1:]), WIDTH]
        for caption, end in zip(said, ends, strict=True):
            yield from _words(caption, row.x(caption.at), end, first, most)
    for second in range(5 * -(-int(row.start) // 5), int(row.end) + 1, 5):
        yield f'<text class="time" x="{row.x(second)}" y="{top + ABOVE * LINE + 2 * WAVE + 4}">{second} s</text>'


def _wave(pcm: Pcm, row: Row, middle: int) -> str:
    """Return a vertical line for each bar that can be seen."""
    cut = pcm[round(row.start * RATE) : round(row.end * RATE)].astype(np.int32)
    bar = RATE // BARS_PER_SEC
    peaks = np.abs(cut[: cut.size // bar * bar]).reshape(-1, bar).max(axis=1) * (WAVE / 24_000)
    heights = np.minimum(np.rint(peaks), WAVE - 2).astype(int)
    bars = (
        (LEFT + round(n * PER_SEC / BARS_PER_SEC), height)
        for n, height in enumerate(heights)
        if height >= HEARD
    )
    return "".join(f"M{x} {middle - height}v{2 * height}" for x, height in bars)


def _words(caption: Caption, x: int, end: int, y: int, most: int) -> Iterator[str]:
    words = [(word, False) for word in caption.text.split()] + [
        (word, True) for word in caption.unheard.split()
    ]
    lines = list(_lines(words, max(12, int((end - x) / CHARACTER) - 1)))
    if len(lines) > most:
        lines = [*lines[: most - 1], [*lines[most - 1], ("…", False)]]
    for n, line in enumerate(lines):
        spans = "".join(
            f'<tspan class="unheard">{escape(text)}</tspan>' if struck else escape(text)
            for struck, text in _runs(line)
        )
        yield f'<text class="{caption.who}" x="{x}" y="{y + n * LINE}">{spans}</text>'


def _lines(words: Iterable[tuple[str, bool]], characters: int) -> Iterator[list[tuple[str, bool]]]:
    line: list[tuple[str, bool]] = []
    for word, struck in words:
        if line and sum(len(one) + 1 for one, _ in line) + len(word) > characters:
            yield line
            line = []
        line.append((word, struck))
    yield line


def _runs(line: list[tuple[str, bool]]) -> Iterator[tuple[bool, str]]:
    """Return (struck through, text) of each stretch of a line that is alike."""
    for struck, run in itertools.groupby(line, key=lambda word: word[1]):
        yield struck, " ".join(word for word, _ in run) + " "
