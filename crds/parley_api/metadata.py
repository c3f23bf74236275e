"""The part of Kubernetes' ObjectMeta that an author writes.

The cluster writes the rest; a laptop ignores it.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from parley_api.model import Model, Rule, cel_rules

_LABEL_KEY = r"^([a-z0-9.-]{1,253}/)?[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$"
LABEL_KEYS = Rule(
    f"self.all(key, key.size() <= 317 && key.matches(r'{_LABEL_KEY}'))",
    "write letters, digits, '-', '_', '.', at most 63, after an optional DNS name and '/'",
)
"""Of a map: a schema says nothing of a map's keys."""

LabelKey = Annotated[str, Field(max_length=317, pattern=_LABEL_KEY)]
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
Name = Annotated[
    str,
    Field(
        min_length=1,
        max_length=63,
        pattern=r"^[a-z]([-a-z0-9]*[a-z0-9])?$",
        json_schema_extra={
            "x-advice": "a lower-case letter, then lower-case letters, digits and '-', at most 63, no '-' at the end"
        },
    ),
]
"""RFC 1035: a Service must be named so, and what is made for an object is named after it."""

OBJECT_NAME = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*"
ObjectName = Annotated[
    str,
    Field(
        min_length=1,
        max_length=253,
        pattern=rf"^{OBJECT_NAME}$",
        json_schema_extra={
            "x-advice": "the name of an object: lower-case letters, digits, '-' and '.', at most 253"
        },
    ),
]
"""What Kubernetes lets a Secret or ConfigMap be called."""


class ObjectMeta(Model):
    """Which object this is."""

    name: Name = Field(description="Name of the object: what is made for it is named after it.")
    namespace: DnsLabel | None = Field(
        default=None, description="Namespace on a cluster; of a kind of the whole cluster, passed over."
    )
    labels: dict[LabelKey, LabelValue] = Field(
        default_factory=dict,
        max_length=64,
        description="Labels of the object.",
        json_schema_extra=cel_rules(LABEL_KEYS),
    )
    annotations: dict[LabelKey, Annotated[str, Field(max_length=262_144)]] = Field(
        # `kubectl apply` keeps the whole file in one of them.
        default_factory=dict,
        max_length=64,
        description="Annotations of the object.",
        json_schema_extra=cel_rules(LABEL_KEYS),
    )
