"""The ModelServer that an agent names: where its pods reach it, and whether anybody answers there.

Rules: one that lacks, or has another engine, is a refusal: what runs stays. One that is not ready changes nothing of
what the agent becomes: its pods are told the name that the model server's pods last said, or before they ever have the
one that its spec says, so that nothing rolls for a server that comes and goes.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from parley_api import VoiceAgent
from parley_api.engines import OpenAi
from parley_operator.kinds import MODEL_SERVERS
from parley_operator.plan.conditions import FALSE, TRUE, UNKNOWN, Found, condition, cut
from parley_operator.plan.plan import Object, Ref
from parley_operator.plan.reading import Refusal
from parley_operator.render.model_subject import url

KIND = "EnginesReady"


class Reached(NamedTuple):
    """`engine` stands in the pods' file for the ModelServer; `ready` is the condition."""

    engine: OpenAi
    ready: Found


def named(agent: Object) -> Ref | None:
    """The ModelServer that an agent names, as the API server has it."""
    metadata = agent["metadata"]
    llm = ((agent.get("spec") or {}).get("engines") or {}).get("llm") or {}
    wanted = llm.get("modelServer") or {}
    if not wanted.get("name"):
        return None
    return Ref(MODEL_SERVERS.name, wanted.get("namespace") or metadata["namespace"], wanted["name"])


def not_looked_after(ref: Ref, namespace: str) -> Refusal:
    instead = "name a ModelServer of that namespace, or write its URL in engines.llm.openai"
    return Refusal(
        "ModelServerMissing", f"this operator looks after {namespace} alone, and can't see {ref}: {instead}"
    )


def reached(agent: VoiceAgent, ref: Ref, server: Object | None) -> Reached | Refusal:
    """`server` is the one of `ref` as it is there."""
    wanted = agent.spec.engines.llm.model_server
    assert wanted is not None
    if server is None:
        instead = f"create it, or name another in engines.llm.modelServer of the agent ({_listed(ref)})"
        return Refusal("ModelServerMissing", f"there is no {ref}: {instead}")
    vllm = ((server.get("spec") or {}).get("engine") or {}).get("vllm")
    if not isinstance(vllm, dict):
        other = ", ".join((server.get("spec") or {}).get("engine") or {}) or "none"
        instead = "name one in engines.llm.modelServer whose engine is vllm"
        return Refusal(
            "ModelServerNotVllm", f"{ref} has the engine {other}, which answers no chat: {instead}"
        )
    status = server.get("status") or {}
    model = status.get("model") or vllm.get("servedName") or vllm.get("model", "")
    engine = OpenAi(
        url=url(ref.name, ref.namespace),
        model=model,
        temperature=wanted.temperature,
        max_tokens=wanted.max_tokens,
    )
    return Reached(engine, _ready(ref, server, ref.namespace == agent.metadata.namespace))


def _ready(ref: Ref, server: dict[str, Any], of_its_own: bool) -> Found:
    """A pod that is ready answers, whatever else is still to come true of its server. What lacks is told in words where
    the server is `of_its_own` namespace: of another one they are not for the agent's people, who have the reason alone.
    """
    if (server.get("status") or {}).get("readyReplicas", 0):
        return Found(KIND, TRUE, "ReadBack")
    told = condition(server, "Ready")
    if told is None:
        return Found(KIND, UNKNOWN, "NotYetSeen", f"nothing is known yet of {ref}")
    message = f"{ref} has no pod that is ready; what runs of the agent goes on, and can't answer by it"
    words = told.get("message") if of_its_own else told.get("reason")
    why = "it is scaled to zero" if told.get("status") == TRUE else words or ""
    return Found(KIND, FALSE, "ModelServerNotReady", message + (f" ({cut(why)})" if why else ""))


def _listed(ref: Ref) -> str:
    return f"kubectl get modelservers --namespace {ref.namespace}"
