"""Which UDP port of the nodes an agent has, where its media comes that way: no two agents the same.

A port that an agent has stays its own, for another one rolls its pods. The search for a free one begins at a place made
from the agent's name, so that two that are planned at the same moment seldom ask for the same.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from parley_operator.settings import Settings


def allotted(agent: str, own: int, taken: Mapping[int, str], settings: Settings) -> int:
    """The port of `agent` ("namespace/name"), which has `own` so far (0: none); 0 where all are taken.

    Of two that have the same one, after a restored backup say, the first by name keeps it.
    """
    if own and agent < taken.get(own, chr(0x10FFFF)):
        return own
    first, size = settings.host_port_first, settings.host_port_last - settings.host_port_first + 1
    start = int.from_bytes(hashlib.sha256(agent.encode()).digest()[:4]) % size
    ports = (first + (start + step) % size for step in range(size))
    return next((port for port in ports if port not in taken), 0)
