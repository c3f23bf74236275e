"""How many pods there are: a fixed number, or as many as their work asks for.

`replicas` is the field that `kubectl scale` sets. With `autoscaling` it is the least number, and the autoscaler has the
say over the rest.
"""

from __future__ import annotations

from pydantic import Field

from parley_api.access import HOST, PORT
from parley_api.model import Model, Rule

MOST_REPLICAS = 1_000
REPLICAS = 3
"""Of an agent, unless its spec says otherwise."""

LEAST_AND_MOST = Rule(
    "!has(self.autoscaling) || self.autoscaling.maxReplicas >= self.replicas",
    "write maxReplicas not under replicas: that is the least that autoscaling keeps",
    ".autoscaling.maxReplicas",
)
TARGET = Rule(
    "!has(self.autoscaling) || self.autoscaling.targetSessions <= self.sessions.limit",
    "write targetSessions not over sessions.limit: a pod takes no more calls than that, so none would ever be added",
    ".autoscaling.targetSessions",
)
AWAKE = Rule(
    "!has(self.autoscaling) || self.replicas > 0",
    "write replicas: 1 or more, or leave autoscaling out: without a pod there is nothing that could ask for one",
    ".replicas",
)
"""All are about the spec, whose defaults are there before CEL sees it; the second is of agents alone."""


class Keda(Model):
    """KEDA asks a Prometheus how much work there is."""

    server_address: str = Field(
        min_length=1,
        max_length=1_024,
        pattern=rf"^https?://{HOST}(:{PORT})?(/[^\s@?#]*)?$",
        description="URL of the Prometheus that scrapes the pods, as KEDA reaches it.",
        json_schema_extra={
            "x-advice": "a URL such as http://prometheus.monitoring:9090, without a login or a question mark"
        },
    )


class Autoscaling(Model):
    """More pods while there is more work; `replicas` is the least number of them."""

    max_replicas: int = Field(
        ge=1, le=MOST_REPLICAS, description="Most pods; equal to replicas, no autoscaler is made."
    )
    keda: Keda | None = Field(
        default=None,
        description="A ScaledObject of KEDA instead of a HorizontalPodAutoscaler, for clusters that have KEDA.",
    )


class AgentAutoscaling(Autoscaling):
    """More pods while there are more calls."""

    target_sessions: int = Field(
        ge=1, le=10_000, description="Calls that a pod is to have on average: above it, pods are added."
    )


class ModelAutoscaling(Autoscaling):
    """More pods while there are more requests."""

    target_requests: int = Field(
        ge=1,
        le=10_000,
        description="Requests in progress and waiting that a pod is to have on average: above it, pods are added.",
    )
