"""Numbers of calls as they are written down: rounded, so that they change seldom."""

from __future__ import annotations


def bucket(calls: int) -> int:
    """The largest of 0, 1, 2, 5, 10, 20, 50, 100, ... that is not over `calls`."""
    if calls <= 0:
        return 0
    power: int = 10 ** (len(str(calls)) - 1)
    return max(step * power for step in (1, 2, 5) if step * power <= calls)
