"""`kubectl parley status`: every agent in a table, and below each that is not ready what it lacks."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from parley_cli.cluster.agents import READY, Agent, Condition
from parley_cli.cluster.table import Row, table
from parley_cli.cluster.words import age, at_least, counted

HEADS = ("AGENT", "READY", "PODS", "CALLS", "SINCE")


def status(agents: Sequence[Agent], now: datetime, *, namespaces: bool) -> str:
    """In the order in which they were given; with `namespaces` each name has its namespace before it."""
    ready = sum(agent.is_ready for agent in agents)
    return f"{table(HEADS, [_row(agent, now, namespaces) for agent in agents])}\n\n{_summary(len(agents), ready)}"


def nothing(where: str) -> str:
    return f"There is no VoiceAgent {where}. To make one: kubectl apply -f examples/reception.yaml"


def notes(agent: Agent) -> list[str]:
    """One for each thing that keeps it from being ready."""
    if agent.deleted is not None:
        return ["being deleted"]
    if not agent.conditions:
        return ["the operator has written nothing about it yet; is it running?"]
    behind = (
        [f"the operator has read generation {agent.observed} of {agent.generation}"] if agent.behind else []
    )
    ready = agent.condition(READY)
    if ready is not None and ready.state == "True":
        return behind
    return behind + [
        _note(condition) for condition in agent.lacking or ((ready,) if ready is not None else ())
    ]


def _row(agent: Agent, now: datetime, namespaces: bool) -> Row:
    ready = agent.condition(READY)
    cells = (
        f"{agent.namespace}/{agent.name}" if namespaces else agent.name,
        _ready(agent),
        f"{_known(agent.ready)}/{_known(agent.wanted)}",
        "?" if agent.calls is None else at_least(agent.calls),
        age(ready.since if ready is not None else agent.created, now),
    )
    return Row(cells, tuple(notes(agent)))


def _ready(agent: Agent) -> str:
    ready = agent.condition(READY)
    if agent.is_ready:
        return "yes"
    if agent.deleted is None and (agent.behind or ready is None or ready.state == "Unknown"):
        return "?"
    return "no"


def _note(condition: Condition) -> str:
    reason = f" ({condition.reason})" if condition.reason else ""
    message = f": {condition.message}" if condition.message else ""
    return f"{condition.type} is {condition.state}{reason}{message}"


def _known(number: int | None) -> str:
    return "?" if number is None else str(number)


def _summary(agents: int, ready: int) -> str:
    more = "" if ready == agents else "; of one of them: kubectl parley why NAME"
    return f"{counted(agents, 'agent')}, {ready} ready{more}"
