"""Which UDP port of the nodes an agent has, where its media comes that way: no two agents the same.

A port that an agent has stays its own, for another one rolls its pods. The search for a free one begins at a place made
from the agent's name, so that two that are planned at the same moment seldom ask for the same.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from parley_operator.settings import Settings


def allotted(agent: str, told: int, seen: int, taken: Mapping[int, str], settings: Settings) -> int:
    """The port of `agent` ("namespace/name"); 0 where all are taken. `told` is what its status has, `seen` what its
    Deployment has, which tenants may edit (0: none): that counts only where it is free and one that we give.

    Of two whose statuses have the same one, after a restored backup say, the first by name keeps it.
    """
    if told and agent < taken.get(told, chr(0x10FFFF)):
        return told
    if seen not in taken and settings.host_port_first <= seen <= settings.host_port_last:
        return seen
    first, size = settings.host_port_first, settings.host_port_last - settings.host_port_first + 1
    start = int.from_bytes(hashlib.sha256(agent.encode()).digest()[:4]) % size
    ports = (first + (start + step) % size for step in range(size))
    return next((port for port in ports if port not in taken), 0)
