"""The kind VoiceAgent: one voice agent that people can talk to."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import ConfigDict, Field

from parley_api import references
from parley_api.access import Access
from parley_api.conversation import TESTED, Conversation
from parley_api.engines import HEARS, Engines
from parley_api.kind import Resource
from parley_api.media import Media
from parley_api.model import Model, cel_rules
from parley_api.placement import Placement
from parley_api.plain import Mistakes
from parley_api.pods import Pods
from parley_api.prices import Prices
from parley_api.scaling import AWAKE, LEAST_AND_MOST, MOST_REPLICAS, REPLICAS, TARGET, AgentAutoscaling
from parley_api.service import Service
from parley_api.spoken_tests import SpokenTest
from parley_api.turntaking import Sessions, TurnTaking

FOR_A_CLUSTER = ("replicas", "autoscaling", "placement", "media.reach", "service", "pods", "deletion")
"""Fields of the spec that `parley run` takes and does nothing with: one file is for both."""


class VoiceAgentSpec(Model):
    """What the agent says, when, and with which engines; on a cluster, how many pods serve it, and where."""

    model_config = ConfigDict(json_schema_extra=cel_rules(HEARS, TESTED, LEAST_AND_MOST, TARGET, AWAKE))

    language: str = Field(
        default="en-US",
        max_length=35,
        pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$",
        description="Language that is heard and spoken, as a BCP 47 tag such as en-US.",
        json_schema_extra={"x-advice": "a BCP 47 tag such as en-US"},
    )
    conversation: Conversation = Field(description="What the agent knows and says.")
    turn_taking: TurnTaking = Field(default=TurnTaking(), description="When a turn begins and ends.")
    engines: Engines = Field(default=Engines(), description="Which engine does each role.")
    sessions: Sessions = Field(default=Sessions(), description="How many calls, and for how long.")
    media: Media = Field(default=Media(), description="How calls' audio is coded and travels.")
    access: Access = Field(default=Access(), description="Who may use the doors from a browser.")
    prices: Prices = Field(
        default=Prices(), description="What services and machines cost, for `parley cost`."
    )
    tests: list[SpokenTest] = Field(
        default_factory=list, max_length=100, description="Questions that `parley test` speaks to the agent."
    )
    replicas: int = Field(
        default=REPLICAS,
        ge=0,
        le=MOST_REPLICAS,
        description="Pods that serve the agent; with autoscaling, the least of them.",
    )
    autoscaling: AgentAutoscaling | None = Field(
        default=None, description="More pods while there are more calls; without it, always replicas."
    )
    placement: Placement = Field(
        default=Placement(), description="Where pods run, and with how much of a node."
    )
    service: Service = Field(default=Service(), description="How offers and messages reach the pods.")
    pods: Pods = Field(
        default=Pods(), description="Image, registry, proxy, authorities and keys of the pods."
    )
    deletion: Literal["Drain", "Cut"] = Field(
        default="Drain",
        description="What `kubectl delete` does to calls in progress. Drain: they end by themselves; Cut: at once.",
    )


class VoiceAgent(Resource):
    """A voice agent that people can talk to."""

    kind: Literal["VoiceAgent"] = Field(description="Kind of the object.")
    spec: VoiceAgentSpec = Field(description="What the agent says, when, and with which engines.")

    @staticmethod
    def mistakes(value: Any) -> Mistakes:
        return references.mistakes(value)
