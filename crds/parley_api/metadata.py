"""The part of Kubernetes' ObjectMeta that an author writes.

The cluster writes the rest; a laptop ignores it.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from parley_api.model import Model

LabelKey = Annotated[
    str,
    Field(max_length=317, pattern=r"^([a-z0-9.-]{1,253}/)?[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$"),
]
LabelValue = Annotated[
    str,
    Field(
        max_length=63,
        pattern=r"^([A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?)?$",
        json_schema_extra={
            "x-advice": "letters, digits, '-', '_' and '.', at most 63, none of '-_.' at the ends"
        },
    ),
]
DnsLabel = Annotated[
    str,
    Field(
        min_length=1,
        max_length=63,
        pattern=r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$",
        json_schema_extra={"x-advice": "lower-case letters, digits and '-', at most 63, no '-' at the ends"},
    ),
]


class ObjectMeta(Model):
    """Which object this is."""

    name: DnsLabel = Field(
        description="Name of the agent: a DNS label (RFC 1123), because Services and labels are made from it."
    )
    namespace: DnsLabel | None = Field(default=None, description="Namespace on a cluster.")
    labels: dict[LabelKey, LabelValue] = Field(
        default_factory=dict, max_length=64, description="Labels of the object."
    )
    annotations: dict[LabelKey, Annotated[str, Field(max_length=16_384)]] = Field(
        default_factory=dict, max_length=64, description="Annotations of the object."
    )
