"""Who takes a turn to roll for the operator's own sake, and gives it back: rolls.py over what is there of a Deployment.

For a kind whose objects each have one Deployment.
"""

from __future__ import annotations

from collections.abc import Mapping

from parley_operator.kinds import DEPLOYMENTS, Primary
from parley_operator.observe import Observer
from parley_operator.plan.plan import Object, Observed, Ref
from parley_operator.queue import Key
from parley_operator.rolls import Order, Rolls, given_up, is_rolling, rolled_out


class Turns:
    def __init__(self, rolls: Rolls, kind: Primary, observer: Observer) -> None:
        self._rolls = rolls
        self._kind = kind
        self._observer = observer
        self._seen: set[Key] = set()

    def begin(self, key: Key, observed: Observed) -> None:
        """At the first look since the start: what is in the middle of a rollout counts as rolling."""
        if key in self._seen:
            return
        self._seen.add(key)
        deployment = _deployment(observed.children)
        if deployment is not None and is_rolling(deployment) and not given_up(deployment):
            self._rolls.resume(key)

    def take(self, key: Key, obj: Object, *, rolls: bool, busy: bool) -> None:
        """An upgrade of the operator: who needs to roll waits for a turn, who has rolled gives it back."""
        if rolls:
            if not self._rolls.may(key):
                deployment = self._live_deployment(key, obj)
                broken = deployment is not None and not rolled_out(deployment)
                self._rolls.wait(key, Order(broken, busy, obj["metadata"].get("creationTimestamp", "")))
            return
        if self._rolls.may(key):
            deployment = self._live_deployment(key, obj)
            over = deployment is None or rolled_out(deployment)
            if over or (deployment and self._rolls.found(key) and given_up(deployment)):
                self._rolls.finish(key)
        else:
            self._rolls.finish(key)

    def give_up(self, key: Key) -> None:
        """What it was to become was refused."""
        self._rolls.finish(key)

    def forget(self, key: Key) -> None:
        """It is gone."""
        self._rolls.finish(key)
        self._seen.discard(key)

    def _live_deployment(self, key: Key, obj: Object) -> Object | None:
        return _deployment(self._observer.children(self._kind, key, obj["metadata"]["uid"]))


def _deployment(children: Mapping[Ref, Object]) -> Object | None:
    return next((obj for ref, obj in children.items() if ref.kind == DEPLOYMENTS.name), None)
