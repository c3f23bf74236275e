"""Owns what an expression of Prometheus asks for: metrics, and labels of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import promql_parser


@dataclass
class Asked:
    """`labels` are matched or grouped by; `values`: label -> what it is to be equal to."""

    metrics: set[str] = field(default_factory=set)
    labels: set[str] = field(default_factory=set)
    values: dict[str, set[str]] = field(default_factory=dict)


def asked(expression: str) -> Asked:
    """Raises ValueError for what is no PromQL; Grafana's own variable is a time."""
    found = Asked()

    def look(node: Any) -> None:
        if isinstance(node, promql_parser.VectorSelector):
            found.metrics.add(node.name or "")
            for matcher in node.matchers.matchers:
                found.labels.add(matcher.name)
                if matcher.op in (promql_parser.MatchOp.Equal, promql_parser.MatchOp.NotEqual):
                    found.values.setdefault(matcher.name, set()).add(matcher.value)
        elif isinstance(node, promql_parser.AggregateExpr) and node.modifier is not None:
            found.labels.update(node.modifier.labels)
        elif isinstance(node, promql_parser.BinaryExpr) and node.modifier is not None:
            found.labels.update(node.modifier.matching.labels if node.modifier.matching else ())

    promql_parser.walk(promql_parser.parse(expression.replace("$__rate_interval", "5m")), look)
    return found
