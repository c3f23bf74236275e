"""What the operator says of a VoiceAgent: only what it read back, never what it wrote.

It is no part of an agent's file: what `kubectl get -o yaml` shows of it is passed over when a file is read.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from parley_api.conditions import Count, Status
from parley_api.kind import AGE, READY, SINCE, WHY, Column

ConditionType = Literal["Accepted", "Available", "Guaranteed", "UpToDate", "Ready"]

CONDITIONS: dict[ConditionType, str] = {
    "Accepted": "The spec can be served: what it names is there.",
    "Available": "The Deployment says so: enough pods are ready.",
    "Guaranteed": "Each pod's QoS class is Guaranteed.",
    "UpToDate": "Each ready pod tells that it runs the agent as this generation has it.",
    "Ready": "All of the above. The message of one that is not says what lacks.",
}
"""In the order in which they come true. True is said of what was read back alone."""

ACCEPTED_REASONS = {
    "AsWritten": "nothing that the spec names lacks",
    "InPart": "the same, and the spec has fields of a newer version that this operator does not know and passes over",
    "SecretMissing": "a Secret that the spec names is not there; it is looked for again",
    "ConfigMapMissing": "a ConfigMap that the spec names is not there; it is looked for again",
    "KedaMissing": "autoscaling.keda on a cluster that has no KEDA",
    "HostPortRefused": "reach.hostPort in a namespace that enforces Pod Security baseline or restricted",
    "NoHostPort": "all ports of the operator's range are allotted to other agents",
    "SessionQuota": "its tenant's other agents leave it fewer sessions than it asks for; the message says how many",
    "Invalid": "the spec refers to something that it does not have; the message says what to write",
    "OperatorError": "the operator failed at it by a mistake of its own; what runs stays, and it tries again",
    "Refused": "the API server refused an object of the agent; a reason that it gave, such as Forbidden, stands here",
}


class VoiceAgentStatus(Status[ConditionType]):
    """What was last read back of an agent's pods."""

    replicas: Count | None = Field(default=None, description="Pods that the Deployment asks for.")
    ready_replicas: Count | None = Field(default=None, description="Pods that are ready for calls.")
    calls: int | None = Field(
        default=None,
        ge=0,
        le=100_000_000,
        description="Calls in progress, rounded down to 0, 1, 2, 5, 10, 20, 50, 100 and so on, so that it changes"
        " seldom.",
    )
    selector: str | None = Field(
        default=None, max_length=1_024, description="Label selector of the pods, for `kubectl scale`."
    )
    image: str | None = Field(default=None, max_length=512, description="Image of the pods.")
    host_port: int | None = Field(
        default=None, ge=1, le=65_535, description="UDP port of the nodes that reach.hostPort was allotted."
    )


COLUMNS = (
    READY,
    Column("Pods", ".status.readyReplicas", "Pods that are ready for calls.", "integer"),
    Column("Wanted", ".status.replicas", "Pods that the Deployment asks for.", "integer"),
    Column("Calls", ".status.calls", "Calls in progress, rounded down.", "integer"),
    AGE,
    SINCE,
    Column("Image", ".status.image", "Image of the pods.", wide=True),
    WHY,
)
"""What `kubectl get voiceagents` shows."""
