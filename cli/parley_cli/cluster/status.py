"""`kubectl parley status`: every agent in a table, or every object of another kind, and what each lacks below it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from parley_api.kind import Kind
from parley_cli.cluster.agents import Agent
from parley_cli.cluster.table import Row, table
from parley_cli.cluster.told import READY, Condition, Told
from parley_cli.cluster.words import age, at_least, counted

HEADS = ("AGENT", "READY", "PODS", "CALLS", "SINCE")


def status(agents: Sequence[Agent], now: datetime, *, namespaces: bool) -> str:
    """In the order in which they were given; with `namespaces` each name has its namespace before it."""
    ready = sum(agent.is_ready for agent in agents)
    more = "" if ready == len(agents) else "; of one of them: kubectl parley why NAME"
    rows = [_row(agent, now, namespaces) for agent in agents]
    return f"{table(HEADS, rows)}\n\n{counted(len(agents), 'agent')}, {ready} ready{more}"


def status_of_kind(kind: Kind, found: Sequence[Told], now: datetime, *, namespaces: bool) -> str:
    """As `status`, of any kind."""
    ready = sum(one.is_ready for one in found)
    more = "" if ready == len(found) else f"; of one of them: kubectl parley why {kind.singular}/NAME"
    rows = [Row((_name(one, namespaces), _ready(one), _since(one, now)), tuple(notes(one))) for one in found]
    heads = (kind.name.upper(), "READY", "SINCE")
    return f"{table(heads, rows)}\n\n{counted(len(found), kind.name)}, {ready} ready{more}"


def nothing_of_kind(kind: Kind, where: str) -> str:
    example = f"kubectl apply -f examples/{kind.singular}.yaml"
    return (
        f"There is no {kind.name} {where if kind.namespaced else 'in this cluster'}. To make one: {example}"
    )


def nothing(where: str) -> str:
    return f"There is no VoiceAgent {where}. To make one: kubectl apply -f examples/reception.yaml"


def notes(agent: Told) -> list[str]:
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


def _name(one: Told, namespaces: bool) -> str:
    return f"{one.namespace}/{one.name}" if namespaces and one.namespace else one.name


def _since(one: Told, now: datetime) -> str:
    ready = one.condition(READY)
    return age(ready.since if ready is not None else one.created, now)


def _row(agent: Agent, now: datetime, namespaces: bool) -> Row:
    cells = (
        _name(agent, namespaces),
        _ready(agent),
        f"{_known(agent.ready)}/{_known(agent.wanted)}",
        "?" if agent.calls is None else at_least(agent.calls),
        _since(agent, now),
    )
    return Row(cells, tuple(notes(agent)))


def _ready(agent: Told) -> str:
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
