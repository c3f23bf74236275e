"""Which agents, or model servers, may be rolled for the operator's own sake: after an upgrade, a few at a time, the
idle and oldest first.

Rules: each kind has its own turns. One has its turn until its Deployment has rolled out; one whose new pods never
become available keeps it, so that a bad upgrade stops by itself after `at_once` of them. Those that were broken before
come last, and their turn ends when Kubernetes gives up on them: they say nothing of the upgrade. Turns are given by
`grant`, once all who wait are known. Never awaits.
"""

from __future__ import annotations

from typing import NamedTuple

from parley_operator.plan.plan import Object
from parley_operator.queue import Key


class Order(NamedTuple):
    """Less is first."""

    broken: bool
    busy: bool
    created: str


class Rolls:
    def __init__(self, at_once: int) -> None:
        self._at_once = at_once
        self._waiting: dict[Key, Order] = {}
        self._rolling: set[Key] = set()
        self._found: set[Key] = set()
        self._broken: set[Key] = set()

    def may(self, key: Key) -> bool:
        return key in self._rolling

    def wait(self, key: Key, order: Order) -> None:
        if key not in self._rolling:
            self._waiting[key] = order

    def resume(self, key: Key) -> None:
        """It was found in the middle of a rollout: a former process may have given it its turn."""
        self._give(key)
        self._found.add(key)

    def finish(self, key: Key) -> None:
        """It has rolled out, needs no rolling, or is gone."""
        self._rolling.discard(key)
        self._found.discard(key)
        self._broken.discard(key)
        self._waiting.pop(key, None)

    def grant(self) -> list[Key]:
        """Who has their turn from now on."""
        free = self._at_once - len(self._rolling)
        chosen = sorted(self._waiting, key=lambda key: (self._waiting[key], key))[: max(free, 0)]
        for key in chosen:
            if self._waiting[key].broken:
                self._broken.add(key)
            self._give(key)
        return chosen

    def found(self, key: Key) -> bool:
        """Its turn is over where Kubernetes gives up on it: nobody here gave it, so that the rollout may be its
        author's, or it was broken before.
        """
        return key in self._found or key in self._broken

    def _give(self, key: Key) -> None:
        self._rolling.add(key)
        self._waiting.pop(key, None)

    @property
    def waiting(self) -> int:
        return len(self._waiting)

    @property
    def rolling(self) -> int:
        return len(self._rolling)


def rolled_out(deployment: Object) -> bool:
    """Every pod is of the newest template and available, by the Deployment's own status."""
    status = deployment.get("status", {})
    wanted = deployment.get("spec", {}).get("replicas", 1)
    seen = status.get("observedGeneration", 0) >= deployment["metadata"].get("generation", 0)
    counts = (status.get(name, 0) for name in ("replicas", "updatedReplicas", "availableReplicas"))
    return seen and all(count == wanted for count in counts)


def is_rolling(deployment: Object) -> bool:
    """There are pods of an older template. One that has only lost pods of its newest is not rolling."""
    status = deployment.get("status", {})
    unseen = status.get("observedGeneration", 0) < deployment["metadata"].get("generation", 0)
    return bool(unseen or status.get("replicas", 0) > status.get("updatedReplicas", 0))


def given_up(deployment: Object) -> bool:
    """Kubernetes no longer expects it to roll out."""
    conditions = deployment.get("status", {}).get("conditions", ())
    return any(one["type"] == "Progressing" and one["status"] == "False" for one in conditions)
