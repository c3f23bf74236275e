"""Amounts of CPU, memory and storage, as Kubernetes writes them.

Rules: narrower than Kubernetes, where `memory: 2` are two bytes and `200m` is a fifth of one: an amount of memory has
its unit. A number of CPUs may stand without quotes, as everybody writes it: here alone a number becomes a text.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, WithJsonSchema


def _whole_cpus(value: Any) -> Any:
    """`cpu: 1` is what everybody writes, and Kubernetes takes it."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


_CPU = r"^([1-9][0-9]{0,2}(\.[0-9]{1,3})?|0\.0{0,2}[1-9][0-9]{0,2}|[1-9][0-9]{0,5}m)$"
Cpu = Annotated[
    str,
    Field(max_length=16, pattern=_CPU),
    BeforeValidator(_whole_cpus),
    WithJsonSchema(
        {
            "x-kubernetes-int-or-string": True,
            "maxLength": 16,
            "pattern": _CPU,
            "x-advice": "CPUs such as 1, or a part of one such as 500m",
        }
    ),
]
"""Of a pod."""

_CPUS = r"^[1-9][0-9]{0,5}$"
Cpus = Annotated[
    str,
    Field(max_length=16, pattern=_CPUS),
    BeforeValidator(_whole_cpus),
    WithJsonSchema(
        {
            "x-kubernetes-int-or-string": True,
            "maxLength": 16,
            "pattern": _CPUS,
            "x-advice": "a whole number of CPUs such as 64",
        }
    ),
]
"""Of many pods together."""

Memory = Annotated[
    str,
    Field(
        min_length=1,
        max_length=16,
        pattern=r"^([1-9][0-9]{1,6}M|[1-9][0-9]{0,3}(\.[0-9]{1,3})?G)i?$",
        json_schema_extra={"x-advice": "memory with its unit, such as 2Gi or 1500Mi"},
    ),
]
"""Of a pod."""

Storage = Annotated[
    str,
    Field(
        min_length=1,
        max_length=16,
        pattern=r"^[1-9][0-9]{0,5}[GT]i?$",
        json_schema_extra={"x-advice": "a size with its unit, such as 50Gi or 1Ti"},
    ),
]
"""Of a volume, or of many pods' memory together."""

_UNITS = {"": Decimal(1), "m": Decimal("0.001")} | {
    f"{unit}{i}": Decimal(1024 if i else 1000) ** power
    for power, unit in enumerate("MGT", 2)
    for i in ("", "i")
}


def amount(text: Any) -> Decimal | None:
    """As a number, of CPUs or bytes; None of what is no amount, which the models say."""
    match = re.fullmatch(r"([0-9]{1,12}(?:\.[0-9]{1,3})?)(m|[MGT]i?|)", str(text))
    return Decimal(match[1]) * _UNITS[match[2]] if match else None
