"""How often what follows the calls is written: of each object at most every so many seconds.

Rules: a deleted object's successor of the same name does not wait for it. The loop's clock is the only one. Never
awaits.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from parley_operator.plan.plan import Ref


@dataclass(slots=True)
class _Written:
    at: float
    uid: str


class Pace:
    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._written: dict[Ref, _Written] = {}

    def wait(self, ref: Ref, uid: str) -> float:
        """Seconds until that very object may be written again; 0 or less: now."""
        written = self._written.get(ref)
        if written is None or written.uid != uid:
            return 0.0
        return written.at + self._seconds - asyncio.get_running_loop().time()

    def wrote(self, ref: Ref, uid: str) -> None:
        self._written[ref] = _Written(asyncio.get_running_loop().time(), uid)

    def forget(self, ref: Ref) -> None:
        """It is gone."""
        self._written.pop(ref, None)
