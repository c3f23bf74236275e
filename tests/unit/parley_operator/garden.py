"""A kind of the whole cluster that tests make up: it shows what a further kind takes, and that nothing else knows it.

A Garden has beds, which are namespaces of its own with a ResourceQuota each, and gardeners, a DaemonSet in the
operator's own namespace whose pods tell how many weeds they see. Its status says how many agents live in its beds.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from parley_operator import names
from parley_operator.kinds import AGENTS, DAEMON_SETS, NAMESPACES, NODES, QUOTAS, Primary
from parley_operator.plan.conditions import Found, accepted, as_status, ready
from parley_operator.plan.plan import Object, Observed, Plan, Ref, ref_of
from parley_operator.polls import BadAnswer, Question
from parley_operator.programs.program import Look, Program
from parley_operator.queue import Key
from parley_operator.render.owner import Owner
from parley_operator.settings import Settings
from parley_operator.wakes import any_of

LABEL = "example.com/garden"

GARDENS = Primary(
    "Garden",
    "example.com/v1",
    "gardens",
    namespaced=False,
    noun="garden",
    label=LABEL,
    owns=(NAMESPACES, QUOTAS, DAEMON_SETS),
)


@dataclass(frozen=True, slots=True)
class ObservedGarden(Observed):
    agents: int = 0
    fenced: tuple[str, str] | None = None
    """A node's name and uid."""


def plan(garden: Object, observed: ObservedGarden, settings: Settings, now: datetime) -> Plan:
    owner = Owner.of(garden, names.labels_of(LABEL, garden["metadata"]["name"], "example-garden"))
    beds = garden["spec"]["beds"]
    wanted = [
        *(bed(owner, name) for name in beds),
        *(quota(owner, name) for name in beds),
        gardeners(owner, settings.namespace),
        *([fence(*observed.fenced)] if observed.fenced else []),
    ]
    names_of_wanted = {ref_of(obj) for obj in wanted}
    weeds = sum(pod.status for pod in observed.pods.values() if pod.status is not None)
    found = [
        accepted(None, observed.failures),
        Found("Weeded", "False" if weeds else "True", "Weeds" if weeds else "None"),
    ]
    told = (garden.get("status") or {}).get("conditions")
    generation = garden["metadata"].get("generation", 0)
    return Plan(
        objects=wanted,
        prune=[ref for ref in observed.children if ref not in names_of_wanted],
        status={
            "agents": observed.agents,
            "conditions": as_status([*found, ready(found)], told, generation, now),
        },
        why=f"{len(beds)} beds",
    )


def bed(owner: Owner, name: str) -> Object:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": owner.metadata(name)}


def quota(owner: Owner, namespace: str) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "ResourceQuota",
        "metadata": owner.metadata(owner.name, namespace),
        "spec": {"hard": {"pods": "9"}},
    }


def gardeners(owner: Owner, namespace: str) -> Object:
    return {
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": owner.metadata(owner.name, namespace, {"example.com/why": "weeds"}),
        "spec": {"template": {}},
    }


def fence(node: str, uid: str) -> Object:
    """What it does not own, and only marks: by its uid, or one that is gone would be made anew."""
    metadata = {"name": node, "uid": uid, "labels": {"example.com/fenced": "true"}}
    return {"apiVersion": "v1", "kind": "Node", "metadata": metadata}


def read(content: bytes) -> int:
    try:
        return int(json.loads(content)["weeds"])
    except (ValueError, KeyError, TypeError) as error:
        raise BadAnswer("no weeds") from error


REPORT = Question(port=9030, path="/report", read=read)


class Gardens(Program[ObservedGarden, Plan]):
    kind = GARDENS
    slow_status = ("agents",)
    question = REPORT

    async def observe(self, key: Key, obj: Object, seen: Observed) -> ObservedGarden:
        agents = self.shared.cluster.caches[AGENTS.name]
        living = sum(len(list(agents.within(name))) for name in obj["spec"]["beds"])
        fenced = obj["spec"].get("fence", "")
        uid = self.shared.cluster.caches[NODES.name].uid("", fenced)
        return ObservedGarden(**seen.facts(), agents=living, fenced=(fenced, uid) if uid else None)

    def plan(self, obj: Object, observed: ObservedGarden, settings: Settings, now: datetime) -> Plan:
        return plan(obj, observed, settings, now)

    def refers_to(self, obj: Object) -> Iterable[Ref]:
        yield any_of(NODES.name)
        for name in obj["spec"]["beds"]:
            yield any_of(AGENTS.name, name)

    async def after(self, look: Look[Plan]) -> float | None:
        return 3600.0
