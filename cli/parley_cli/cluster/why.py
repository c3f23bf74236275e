"""`kubectl parley why NAME`, or KIND/NAME: the conditions of an object as one paragraph of plain words.

Rules: it goes by conditions alone. Those that have no words here are told as they are, so that a kind needs nothing
here.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from parley_api.kinds import MODEL_SERVER, VOICE_AGENT
from parley_cli.cluster.agents import Agent
from parley_cli.cluster.told import READY, Condition, State, Told, order
from parley_cli.cluster.words import age_in_words, counted, sentence

_WORDS: Mapping[str, Mapping[State, str]] = {
    "Accepted": {
        "True": "Its spec was accepted",
        "False": "Its spec was not accepted",
        "Unknown": "Whether its spec is accepted is not known yet",
    },
    "EnginesReady": {
        "True": "The ModelServer that it names answers",
        "False": "The ModelServer that it names does not answer",
        "Unknown": "Whether the ModelServer that it names answers is not known yet",
    },
    "Available": {
        "True": "Its Deployment is available",
        "False": "Its Deployment is not available",
        "Unknown": "Whether its Deployment is available is not known yet",
    },
    "Guaranteed": {
        "True": "Every pod has the QoS class Guaranteed",
        "False": "Not every pod has the QoS class Guaranteed",
        "Unknown": "The QoS class of its pods is not known yet",
    },
}

_OF_KIND: Mapping[str, Mapping[str, Mapping[State, str]]] = {
    VOICE_AGENT.name: {
        "UpToDate": {
            "True": "Every ready pod runs the agent as it is written now",
            "False": "Not every ready pod runs the agent as it is written now",
            "Unknown": "Whether its pods run the agent as it is written now is not known yet",
        },
    },
    MODEL_SERVER.name: {
        "UpToDate": {
            "True": "Every ready pod serves the model as it is written now",
            "False": "Not every ready pod serves the model as it is written now",
            "Unknown": "Whether its pods serve the model as it is written now is not known yet",
        },
    },
}
"""Where a condition of one name is about something else."""


def why(found: Told, now: datetime) -> str:
    """The paragraph, in one line."""
    return " ".join([*_lead(found, now), *_each(found)])


def _lead(agent: Told, now: datetime) -> list[str]:
    name = f"{agent.name} in namespace {agent.namespace}" if agent.namespace else agent.name
    ready = agent.condition(READY)
    if agent.deleted is not None:
        if not isinstance(agent, Agent):
            return [f"{name} has been in deletion for {age_in_words(agent.deleted, now)}."]
        ends = "are ended at once" if agent.deletion == "Cut" else "end by themselves"
        return [f"{name} has been in deletion for {age_in_words(agent.deleted, now)}; its calls {ends}."]
    if not agent.conditions:
        return [
            f"The operator has written nothing about {name}, which is {age_in_words(agent.created, now)} old.",
            "See whether it runs: kubectl get pods --namespace parley-system",
        ]
    pods = [_pods(agent)] if agent.kind.scaled else []
    calls = [_calls(agent)] if isinstance(agent, Agent) else []
    counts = ", ".join([*pods, *calls])
    said = [sentence(f"{name} {_readiness(ready, now)}" + (f": {counts}" if counts else ""))]
    if agent.behind:
        said.append(
            f"The operator has not read the last change yet (generation {agent.observed} of {agent.generation}): "
            "what follows is of the one before."
        )
    return said


def _readiness(ready: Condition | None, now: datetime) -> str:
    lasted = age_in_words(ready.since, now) if ready is not None else ""
    span = f" for {lasted}" if lasted else ""
    if ready is None or ready.state == "Unknown":
        return "is not known to be ready"
    return f"has been ready{span}" if ready.state == "True" else f"has not been ready{span}"


def _pods(agent: Told) -> str:
    if agent.ready is None or agent.wanted is None:
        return "how many of its pods are ready is not known"
    return f"{agent.ready} of {counted(agent.wanted, 'pod')} {'is' if agent.ready == 1 else 'are'} ready"


def _calls(agent: Agent) -> str:
    if agent.calls is None:
        return "its calls are not known"
    if agent.calls == 0:
        return "no call is in progress"
    return "one call is in progress" if agent.calls == 1 else f"at least {agent.calls} calls are in progress"


def _each(agent: Told) -> list[str]:
    told = [_told(agent, condition) for condition in agent.conditions if condition.type != READY]
    accepted, ready = agent.condition(order(agent.kind)[0]), agent.condition(READY)
    if accepted is not None and accepted.state == "False" and agent.ready:
        told.append("What was accepted before goes on running.")
    if ready is not None and ready.state != "True" and not agent.lacking and ready.message:
        told.append(sentence(ready.message[:1].upper() + ready.message[1:]))
    return told


def _told(agent: Told, condition: Condition) -> str:
    of_kind = _OF_KIND.get(agent.kind.name, {})
    words = of_kind.get(condition.type, _WORDS.get(condition.type, {})).get(condition.state)
    if words is None:  # of another kind, or a newer operator
        words = f"{condition.type} is {condition.state}"
    if agent.deleted is not None and condition.type == order(agent.kind)[0] and condition.message:
        return sentence(condition.message[:1].upper() + condition.message[1:])  # what it waits for
    if condition.state == "True":  # what the operator may add to that is for `kubectl describe`
        return sentence(words)
    return sentence(f"{words}: {condition.message or condition.reason or 'no reason is told'}")
