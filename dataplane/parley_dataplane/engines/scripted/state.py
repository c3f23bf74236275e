"""What a call is in the middle of, between two turns: the memory of the scripted LLM.

Rules: frozen; `to_memory` and `from_memory` are inverse, and the memory is plain JSON, because a session
keeps it, and keeps it only if the answer was heard. A memory that is not from here (older, foreign) is an
empty one, never an error.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Values = Mapping[str, str]
"""Slot -> value, in the plain form of slots/."""

DEEPEST = 3
"""Slot dialogues that may wait for one another."""


@dataclass(frozen=True, slots=True)
class Filling:
    """An intent whose slots are being asked for; `asked` is the one that the last question was about."""

    intent: str
    values: Values = field(default_factory=dict)
    asked: str = ""
    misses: int = 0


@dataclass(frozen=True, slots=True)
class State:
    filling: tuple[Filling, ...] = ()
    """The last is the one talked about; the ones before wait for it."""
    records: Mapping[str, Values] = field(default_factory=dict)
    told: Mapping[str, int] = field(default_factory=dict)
    """How often each intent has been answered: with several answers, the next one is told."""
    open: str = ""
    """The intent whose follow-ups may be asked."""
    after: str = "answer"
    """What it said: its "answer", or "otherwise"."""
    offered: bool = False
    """Was that the very last thing said? Then "yes" takes up what it offers."""
    done: Filling | None = None
    """The slot dialogue that has just ended and may still be corrected."""
    stored: Filling | None = None
    """The slot dialogue whose values were stored last: may be corrected as well, with clearer words."""
    doubted: tuple[Filling, ...] = ()
    """What the person was asked to confirm ("is that right?"): the likeliest first, then what it may be instead."""
    rest: tuple[str, ...] | None = None
    """What "tell me more" tells: the sentences that are left of the text answered from; None if there was none."""
    said: str = ""
    """What "say that again" repeats."""
    misses: int = 0
    """How often in a row the person was asked to say it again."""

    def to_memory(self) -> dict[str, Any]:
        return {
            "filling": [_filling_to(one) for one in self.filling],
            "records": {name: dict(values) for name, values in self.records.items()},
            "told": dict(self.told),
            "open": self.open,
            "after": self.after,
            "offered": self.offered,
            "done": _filling_to(self.done) if self.done else None,
            "stored": _filling_to(self.stored) if self.stored else None,
            "doubted": [_filling_to(one) for one in self.doubted],
            "rest": None if self.rest is None else list(self.rest),
            "said": self.said,
            "misses": self.misses,
        }

    @classmethod
    def from_memory(cls, memory: Mapping[str, Any]) -> State:
        try:
            return cls(
                filling=tuple(_filling_from(one) for one in memory.get("filling", ()))[-DEEPEST:],
                records={str(name): _values(values) for name, values in memory.get("records", {}).items()},
                told={str(name): int(count) for name, count in memory.get("told", {}).items()},
                open=str(memory.get("open", "")),
                after=str(memory.get("after", "answer")),
                offered=bool(memory.get("offered")),
                done=_filling_from(memory["done"]) if memory.get("done") else None,
                stored=_filling_from(memory["stored"]) if memory.get("stored") else None,
                doubted=tuple(_filling_from(one) for one in memory.get("doubted", ())),
                rest=None if memory.get("rest") is None else tuple(str(one) for one in memory["rest"]),
                said=str(memory.get("said", "")),
                misses=int(memory.get("misses", 0)),
            )
        except (TypeError, ValueError, KeyError, AttributeError):
            return cls()


def _filling_to(filling: Filling) -> dict[str, Any]:
    return {
        "intent": filling.intent,
        "values": dict(filling.values),
        "asked": filling.asked,
        "misses": filling.misses,
    }


def _filling_from(memory: Mapping[str, Any]) -> Filling:
    return Filling(
        str(memory["intent"]), _values(memory["values"]), str(memory["asked"]), int(memory["misses"])
    )


def _values(memory: Mapping[str, Any]) -> dict[str, str]:
    return {str(slot): str(value) for slot, value in memory.items()}
