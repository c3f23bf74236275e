"""Amounts of what a quota counts, as whole numbers: thousandths of a CPU, bytes of memory, pieces of all else.

Rules: reads whatever Kubernetes writes of a quantity, and rounds up; writes the shortest that is exact.
"""

from __future__ import annotations

import re
from decimal import ROUND_CEILING, Decimal

CPU, MEMORY, GPUS, PODS, AGENTS, MODEL_SERVERS, SESSIONS = (
    *("cpu", "memory", "gpus", "pods", "agents"),
    *("modelServers", "sessions"),
)
"""What is counted, by its name in spec.quota."""

_QUANTITY = re.compile(
    r"([+-]?[0-9]+(?:\.[0-9]*)?|[+-]?\.[0-9]+)(?:([eE][+-]?[0-9]+)|([KMGTPE]i)|([numkMGTPE]?))"
)
_BINARY = {f"{unit}i": 1024**power for power, unit in enumerate("KMGTPE", 1)}
_DECIMAL = {
    unit: Decimal(10) ** power
    for unit, power in zip("numkMGTPE", (-9, -6, -3, 3, 6, 9, 12, 15, 18), strict=True)
}


def amount(resource: str, text: object) -> int:
    """0 of what is no quantity."""
    match = _QUANTITY.fullmatch(str(text))
    if match is None:
        return 0
    number = Decimal(match[1] + (match[2] or ""))
    number *= _BINARY.get(match[3] or "", 1) * _DECIMAL.get(match[4] or "", Decimal(1))
    return int((number * _unit(resource)).to_integral_value(ROUND_CEILING))


def text(resource: str, value: int) -> str:
    """As Kubernetes reads it."""
    if resource == CPU:
        return f"{value}m" if value % 1000 else str(value // 1000)
    if resource == MEMORY and value:
        for unit, size in (("Gi", 1024**3), ("Mi", 1024**2), ("Ki", 1024)):
            if value % size == 0:
                return f"{value // size}{unit}"
    return str(value)


def _unit(resource: str) -> int:
    return 1000 if resource == CPU else 1
