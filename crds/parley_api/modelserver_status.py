"""What the operator says of a ModelServer: only what it read back, never what it wrote."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from parley_api.conditions import Count, Status
from parley_api.kind import AGE, READY, SINCE, WHY, Column

ConditionType = Literal["Accepted", "Available", "Guaranteed", "UpToDate", "Ready"]

CONDITIONS: dict[ConditionType, str] = {
    "Accepted": "The spec can be served: what it names is there.",
    "Available": "The Deployment says so: enough pods are ready, each with its model loaded.",
    "Guaranteed": "Each pod's QoS class is Guaranteed.",
    "UpToDate": "Each ready pod answers that it serves the model that this generation names.",
    "Ready": "All of the above. The message of one that is not says what lacks.",
}
"""In the order in which they come true. True is said of what was read back alone."""

ACCEPTED_REASONS = {
    "AsWritten": "nothing that the spec names lacks",
    "InPart": "the same, and the spec has fields of a newer version that this operator does not know and passes over",
    "SecretMissing": "a Secret that the spec names is not there; it is looked for again",
    "ConfigMapMissing": "a ConfigMap that the spec names is not there; it is looked for again",
    "ClaimMissing": "the PersistentVolumeClaim that the cache names is not there; it is looked for again",
    "NotServedYet": "no program of Parley's serves this engine yet; the message says what to write instead",
    "NoImage": "the operator has no image for this engine; the message names the setting, or write pods.image",
    "KedaMissing": "autoscaling.keda on a cluster that has no KEDA",
    "Deleting": "it is deleted, and serves until no VoiceAgent names it; the message names some",
    "Invalid": "the spec breaks a rule; the message says what to write",
    "OperatorError": "the operator failed at it by a mistake of its own; what runs stays, and it tries again",
    "Refused": "the API server refused an object of the model server; a reason that it gave, such as Forbidden, stands"
    " here",
}


class ModelServerStatus(Status[ConditionType]):
    """What was last read back of a model server's pods."""

    replicas: Count | None = Field(default=None, description="Pods that the Deployment asks for.")
    ready_replicas: Count | None = Field(
        default=None, description="Pods that are ready: the model is loaded, and answers."
    )
    agents: Count | None = Field(default=None, description="VoiceAgents that name it.")
    selector: str | None = Field(
        default=None, max_length=1_024, description="Label selector of the pods, for `kubectl scale`."
    )
    url: str | None = Field(
        default=None,
        max_length=1_024,
        description="Where agents reach it, such as http://llm.models:8000/v1.",
    )
    model: str | None = Field(
        default=None, max_length=255, description="What the pods say that the model is called."
    )
    image: str | None = Field(default=None, max_length=512, description="Image of the pods.")


COLUMNS = (
    READY,
    Column("Model", ".status.model", "What the pods say that the model is called."),
    Column("Pods", ".status.readyReplicas", "Pods that are ready: the model is loaded.", "integer"),
    Column("Wanted", ".status.replicas", "Pods that the Deployment asks for.", "integer"),
    Column("Agents", ".status.agents", "VoiceAgents that name it.", "integer"),
    AGE,
    SINCE,
    Column("Url", ".status.url", "Where agents reach it.", wide=True),
    Column("Image", ".status.image", "Image of the pods.", wide=True),
    WHY,
)
"""What `kubectl get modelservers` shows."""
