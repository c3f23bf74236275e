"""Which agent holds which port of `media.reach.hostPort`.

Rules: an agent's status is the record of it; what was planned is held from that moment, before it is written, so that
two agents that are planned at the same time do not take the same one. Never awaits.
"""

from __future__ import annotations

from parley_operator.plan.plan import Object
from parley_operator.queue import Key


class Ports:
    def __init__(self) -> None:
        self._held: dict[Key, int] = {}

    def hold(self, key: Key, status: Object | None) -> None:
        """What an agent's status says, or is about to say."""
        port = (status or {}).get("hostPort")
        if port:
            self._held[key] = int(port)
        else:
            self._held.pop(key, None)

    def release(self, key: Key) -> None:
        self._held.pop(key, None)

    def of_others(self, key: Key) -> dict[int, str]:
        return {port: f"{other.namespace}/{other.name}" for other, port in self._held.items() if other != key}
