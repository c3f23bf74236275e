"""How long to wait after the n-th failure in a row: twice as long each time, up to a bound, and never all at once."""

from __future__ import annotations

import random


def delay(failures: int, first: float = 0.2, most: float = 30.0) -> float:
    """`failures` is at least 1. Half of it is chance, so that what failed together does not return together."""
    full = min(most, first * 2.0 ** min(failures - 1, 30))
    return full * (0.5 + random.random() / 2)
