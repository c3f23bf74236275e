"""What the operator says of a NodeTuning: what the tuners of its nodes report, which is what they read back."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from parley_api.conditions import Count, Status
from parley_api.kind import AGE, READY, SINCE, WHY, Column
from parley_api.model import Model

MOST_PROBLEMS = 20

ConditionType = Literal["Accepted", "Available", "Tuned", "Ready"]

CONDITIONS: dict[ConditionType, str] = {
    "Accepted": "The spec can be had: no other NodeTuning sets the same on the same nodes.",
    "Available": "A tuner is ready on each node that it is for.",
    "Tuned": "Each tuner has read back what the spec says, or skipped what its node does not have, and says why.",
    "Ready": "All of the above. The message of one that is not says what lacks.",
}
"""In the order in which they come true. True is said of what was read back alone."""

ACCEPTED_REASONS = {
    "AsWritten": "nothing stands against it",
    "InPart": "the same, and the spec has fields of a newer version that this operator does not know and passes over",
    "Conflict": "an older NodeTuning, which the message names, is for the same node and says another value of the same"
    " key; this one leaves that key alone, and sets the others",
    "Deleting": "it is deleted, and waits for its nodes to have their old values again; the message names some",
    "Invalid": "the spec breaks a rule; the message says what to write",
    "NamespaceRefuses": "the tuners' namespace enforces a Pod Security that refuses privileged pods",
    "NoPort": "all ports of nodes that tuners may have are taken by other NodeTunings",
    "OperatorError": "the operator failed at it by a mistake of its own; what runs stays, and it tries again",
    "Refused": "the API server refused an object of it; a reason that it gave, such as Forbidden, stands here",
}

State = Literal["Applied", "Skipped", "Drifted", "Conflict", "Restoring"]

STATES: dict[State, str] = {
    "Applied": "the node has the value; it was read back",
    "Skipped": "the node can't have it: read-only, absent in its kernel, a value that it refuses, no cpufreq",
    "Drifted": "it was set, and somebody set it to another value since",
    "Conflict": "another NodeTuning says another value of it for this node, and keeps it",
    "Restoring": "it is no longer wanted, and its old value is not back yet",
}
"""What a tuner says of one key on its node."""


class NodeCounts(Model):
    """How many nodes there are of each sort. One with several problems is in the last of its sorts alone."""

    matched: Count = Field(description="Nodes that the spec is for.")
    tuned: Count = Field(description="Nodes that have all of it.")
    skipped: Count = Field(description="Nodes that have the rest, and can't have some of it.")
    drifted: Count = Field(description="Nodes on which somebody set another value since.")
    conflicting: Count = Field(description="Nodes that another NodeTuning is for, with other values.")


class NodeProblem(Model):
    """One key of one node that is not as the spec says."""

    node: str = Field(max_length=253, description="Name of the node.")
    key: str = Field(max_length=128, description="The sysctl, or governor.")
    state: State = Field(description="What the tuner says of it.")
    message: str = Field(max_length=1_024, description="Why, in a sentence.")


class NodeTuningStatus(Status[ConditionType]):
    """What was last read back of the nodes."""

    profile: str | None = Field(
        default=None,
        max_length=63,
        description="Hash of what is set: the value of the label profile.parley.dev/NAME on nodes that have all of it.",
    )
    nodes: NodeCounts | None = Field(default=None, description="How many nodes there are of each sort.")
    problems: list[NodeProblem] = Field(
        default_factory=list,
        max_length=MOST_PROBLEMS,
        description="What is not as the spec says, by node and key, the first of them.",
    )
    more_problems: Count | None = Field(default=None, description="How many there are beyond these.")


COLUMNS = (
    READY,
    Column("Nodes", ".status.nodes.matched", "Nodes that the spec is for.", "integer"),
    Column("Tuned", ".status.nodes.tuned", "Nodes that have all of it.", "integer"),
    Column("Skipped", ".status.nodes.skipped", "Nodes that can't have some of it.", "integer"),
    Column("Drifted", ".status.nodes.drifted", "Nodes on which somebody set another value.", "integer"),
    AGE,
    SINCE,
    Column("Profile", ".status.profile", "Hash of what is set.", wide=True),
    WHY,
)
"""What `kubectl get nodetunings` shows."""
