"""What is to be done about a NodeTuning: pure, from what the caches hold and the tuners say to all that is to be there.

    dict -> reading.py: typed, or why not -> chosen_nodes.py: for which nodes -> claims.py: which keys are its
         -> render/tuner.py: profile, DaemonSet; node_verdicts.py: what each node has -> labels of nodes
         -> tuning_conditions.py -> status
Rules: a node's tuner runs as long as the node has our label, and the label goes when the node has its old values back:
also where the node only leaves the choice. A node that does not exist any more has nothing to restore. What no report
says is no reason to write a label or to take one off, but for a tuner that runs and does not answer.

Deleting it needs a finalizer: the profile becomes empty, and the object goes when each node that ran a tuner has said
Restored. One that does not within RESTORE_SECONDS is told of and given up: it may be a machine that is switched off,
and its own values come with its next start. Meanwhile what it owns has no owner reference, or a deletion with
`--cascade=foreground` would take the tuners away before they have restored anything; so it is deleted here at the end.
After RESTORE_SECONDS nothing is applied or deleted that could be refused and so hold it for ever, as where the tuners'
namespace is gone: what is left is deleted when the object is gone (programs/). While nodes can't be read it stays.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from parley_api.nodetuning import NodeTuning
from parley_api.nodetuning_status import MOST_PROBLEMS
from parley_operator import names
from parley_operator.plan import claims, conditions, node_verdicts, reading, tuning_conditions
from parley_operator.plan.chosen_nodes import chosen
from parley_operator.plan.claims import GOVERNOR, Claim, Overlap
from parley_operator.plan.facts import Facts
from parley_operator.plan.node_verdicts import Verdict
from parley_operator.plan.plan import Object, ObservedNode, ObservedPod, Ref
from parley_operator.plan.reading import Refusal
from parley_operator.plan.refusals import AGAIN_SECONDS, ENFORCE, STRICT
from parley_operator.plan.tuning import NodeLabels, NodeReport, ObservedTuning, TuningPlan
from parley_operator.render.owner import Owner, without_owner
from parley_operator.render.tuner import Profile, config_map, daemon_set, owner
from parley_operator.settings import Settings

RESTORE_SECONDS = 600


def plan(tuning: Object, observed: ObservedTuning, settings: Settings, now: datetime) -> TuningPlan:
    """`tuning` is the object as the API server has it."""
    facts = _Facts(tuning, observed, settings)
    read = reading.read(NodeTuning, tuning)
    if tuning["metadata"].get("deletionTimestamp"):
        return _going(facts, None if isinstance(read, Refusal) else read.value, now)
    if isinstance(read, Refusal):
        return _refused(read, facts, now)
    refusal = _lacking(facts)
    if refusal is not None:
        return _refused(refusal, facts, now)
    return _tuned(read.value, facts, now, reading.passed_over(read.unknown))


@dataclass(frozen=True, slots=True)
class _Facts(Facts):
    """The NodeTuning as it is there, and what was read back."""

    observed: ObservedTuning
    settings: Settings

    @property
    def owner(self) -> Owner:
        return owner(self.obj)

    @property
    def namespace(self) -> str:
        return self.settings.tuner_namespace

    @property
    def daemon_set(self) -> Object | None:
        return self.observed.children.get(Ref("DaemonSet", self.namespace, names.tuner(self.name)))

    @property
    def labelled(self) -> list[ObservedNode]:
        """Nodes that its tuner is to run on, as their labels say, in order."""
        label = names.tuning_label(self.name)
        return sorted(
            (node for node in self.observed.nodes if label in node.labels), key=lambda node: node.name
        )

    @property
    def pods(self) -> dict[str, ObservedPod]:
        """By node, those that are to stay."""
        found = sorted(self.observed.pods.items(), reverse=True)
        return {pod.node: pod for _, pod in found if pod.node and not pod.terminating}

    @property
    def port(self) -> int:
        """The one that it has, else the first that is free; 0 where none is."""
        spec = ((((self.daemon_set or {}).get("spec") or {}).get("template") or {}).get("spec")) or {}
        taken, first, last = (
            self.observed.ports,
            self.settings.tuner_port_first,
            self.settings.tuner_port_last,
        )
        has = [
            port.get("containerPort", 0)
            for one in spec.get("containers") or ()
            for port in one.get("ports") or ()
        ]
        ports = [*has, *range(first, last + 1)]
        return next((port for port in ports if first <= port <= last and port not in taken), 0)


def _lacking(facts: _Facts) -> Refusal | None:
    """What of the cluster it needs and does not have."""
    labels: dict[str, str] = ((facts.observed.home or {}).get("metadata") or {}).get("labels") or {}
    level = labels.get(ENFORCE, "")
    if level in STRICT:
        return Refusal(
            "NamespaceRefuses",
            f"the namespace {facts.namespace} enforces Pod Security {level}, which refuses tuners: set its label"
            f" {ENFORCE} to privileged",
        )
    if not facts.port:
        first, last = facts.settings.tuner_port_first, facts.settings.tuner_port_last
        return Refusal(
            "NoPort",
            f"all ports of nodes from {first} to {last} are other NodeTunings': give the operator more of them"
            " (TUNER_PORT_FIRST, TUNER_PORT_LAST)",
        )
    return None


def _refused(refusal: Refusal, facts: _Facts, now: datetime) -> TuningPlan:
    found = tuning_conditions.refused(refusal)
    of_before = ("profile", "nodes", "problems", "moreProblems")
    kept: Object = {name: facts.status[name] for name in of_before if name in facts.status}
    return TuningPlan(
        status={**kept, **_told(facts, found, now)},
        held=True,
        why=f"what is tuned stays as it is\n{refusal.message}",
        again_after=AGAIN_SECONDS,
    )


def _tuned(tuning: NodeTuning, facts: _Facts, now: datetime, passed_over: str) -> TuningPlan:
    observed = facts.observed
    nodes = chosen(facts.name, tuning.spec.placement, observed.nodes)
    overlaps = _overlaps(tuning, nodes, facts)
    yields = [one for one in overlaps if one.newer == facts.name]
    profile = _profile(tuning, {one.key for one in yields})
    here = {node.name for node in nodes}
    leaving = [node for node in facts.labelled if node.name not in here]
    verdicts = _verdicts(nodes, profile, facts)
    unrestored = [
        node.name for node in leaving if not node_verdicts.restored(facts.name, _report(node, facts))
    ]
    running = tuning_conditions.Tuned(
        nodes=[node.name for node in nodes],
        leaving=unrestored,
        pods=facts.pods,
        verdicts=verdicts,
        yields=yields,
        keeps=[one for one in overlaps if one.older == facts.name],
    )
    found = tuning_conditions.conditions(observed.failures, running, passed_over)
    by_node = {one.node: one for one in verdicts}
    labels = [
        *(_labels_of(node, by_node[node.name], profile, facts, whole=not yields) for node in nodes),
        *(_restoring(node, node.name in unrestored, facts) for node in leaving),
    ]
    port = facts.port
    of, namespace = facts.owner, facts.namespace
    why = [f"{len(nodes)} nodes, {len(leaving)} more that leave"]
    why += [f"{one.key} is left to {one.older}" for one in yields]
    return TuningPlan(
        objects=[
            config_map(of, namespace, profile, [node.name for node in leaving]),
            daemon_set(of, namespace, tuning, facts.settings.tuner_image, port),
        ],
        status={**_read_back(profile, verdicts, yields), **_told(facts, found, now)},
        labels=[one for one in labels if one is not None],
        port=port,
        held=True,
        why="\n".join(
            [*why, *(f"{one.type} is {one.status}: {one.message}" for one in found[:-1] if one.message)]
        ),
    )


def _profile(tuning: NodeTuning, left: set[str]) -> Profile:
    """Without the keys that are left to others."""
    spec = tuning.spec
    sysctls = {key: value for key, value in sorted(spec.sysctls.items()) if key not in left}
    return Profile(sysctls, "" if GOVERNOR in left else spec.governor)


def _keys(tuning: NodeTuning) -> dict[str, str]:
    governor = {GOVERNOR: tuning.spec.governor} if tuning.spec.governor else {}
    return {**tuning.spec.sysctls, **governor}


def _overlaps(tuning: NodeTuning, nodes: list[ObservedNode], facts: _Facts) -> list[Overlap]:
    """With those that are to stay: one that is being deleted restores what it has."""
    here = frozenset(node.name for node in nodes)
    created = str(facts.obj["metadata"].get("creationTimestamp", ""))
    found = [Claim(facts.name, created, _keys(tuning), here)]
    for other in facts.observed.others:
        metadata = other["metadata"]
        read = reading.read(NodeTuning, other)
        if isinstance(read, Refusal) or metadata.get("deletionTimestamp"):
            continue
        its = chosen(metadata["name"], read.value.spec.placement, facts.observed.nodes)
        its_nodes = frozenset(node.name for node in its)
        created = str(metadata.get("creationTimestamp", ""))
        found.append(Claim(metadata["name"], created, _keys(read.value), its_nodes))
    return claims.overlaps(found)


def _report(node: ObservedNode, facts: _Facts) -> NodeReport | None:
    pod = facts.pods.get(node.name)
    return None if pod is None else pod.status


def _verdicts(nodes: list[ObservedNode], profile: Profile, facts: _Facts) -> list[Verdict]:
    keys = [*profile.sysctls, *([GOVERNOR] if profile.governor else [])]
    return [
        node_verdicts.verdict(node.name, facts.name, _report(node, facts), profile.digest, keys)
        for node in nodes
    ]


def _labels_of(
    node: ObservedNode, verdict: Verdict, profile: Profile, facts: _Facts, *, whole: bool
) -> NodeLabels | None:
    """`whole`: nothing of the spec is left to others."""
    pod = facts.pods.get(node.name)
    silent = pod is None or pod.phase != "Running" or pod.name in facts.observed.unasked
    if silent and names.tuning_label(facts.name) in node.labels:
        return None
    tuned = whole and verdict.tuned
    return _differing(
        node, facts, names.TUNED if tuned else names.BEING_TUNED, profile.digest if tuned else None
    )


def _restoring(node: ObservedNode, waits: bool, facts: _Facts) -> NodeLabels | None:
    return _differing(node, facts, names.RESTORING if waits else None, None)


def _differing(
    node: ObservedNode, facts: _Facts, state: str | None, profile: str | None
) -> NodeLabels | None:
    wanted = {names.tuning_label(facts.name): state, names.profile_label(facts.name): profile}
    differ = {key: value for key, value in wanted.items() if node.labels.get(key) != value}
    return NodeLabels(node.name, node.uid, differ) if differ else None


def _read_back(profile: Profile, verdicts: list[Verdict], yields: list[Overlap]) -> Object:
    """What the status says of nodes and keys."""
    conflicting = {node for one in yields for node in one.nodes}
    counts = Counter(node_verdicts.CONFLICT if one.node in conflicting else one.what for one in verdicts)
    rows = [
        {"node": node, "key": one.key, "state": node_verdicts.CONFLICT, "message": _left(one)}
        for one in yields
        for node in one.nodes
    ]
    rows += [
        {"node": one.node, "key": key.key, "state": key.state, "message": key.why}
        for one in verdicts
        for key in one.problems
    ]
    rows.sort(key=lambda row: (node_verdicts.PROBLEMS.index(row["state"]), row["node"], row["key"]))
    status: Object = {
        "profile": profile.digest,
        "nodes": {
            "matched": len(verdicts),
            "tuned": 0 if yields else counts[node_verdicts.APPLIED],
            "skipped": 0 if yields else counts[node_verdicts.SKIPPED],
            "drifted": counts[node_verdicts.DRIFTED],
            "conflicting": counts[node_verdicts.CONFLICT],
        },
    }
    if rows:
        status["problems"] = rows[:MOST_PROBLEMS]
    if len(rows) > MOST_PROBLEMS:
        status["moreProblems"] = len(rows) - MOST_PROBLEMS
    return status


def _left(one: Overlap) -> str:
    return f"{one.older}, which is older, sets {one.its_value}; {one.newer} says {one.value}, and leaves it alone"


def _going(facts: _Facts, tuning: NodeTuning | None, now: datetime) -> TuningPlan:
    """`tuning` is None where its spec can't be read: its DaemonSet stays as it is until the end."""
    observed = facts.observed
    waiting = [
        node for node in facts.labelled if not node_verdicts.restored(facts.name, _report(node, facts))
    ]
    began = datetime.strptime(facts.obj["metadata"]["deletionTimestamp"], "%Y-%m-%dT%H:%M:%SZ").replace(
        tzinfo=UTC
    )
    left = RESTORE_SECONDS - (now - began).total_seconds()
    unreached = waiting if left <= 0 else []
    told = tuning_conditions.going(
        observed.failures,
        [node.name for node in waiting],
        [node.name for node in unreached],
        RESTORE_SECONDS // 60,
        _running_there(facts) if facts.labelled or observed.nodes_served else None,
    )
    names_of_waiting = {node.name for node in waiting} - {node.name for node in unreached}
    labels = [_restoring(node, node.name in names_of_waiting, facts) for node in facts.labelled]
    of, namespace = facts.owner, facts.namespace
    over = not facts.labelled and observed.nodes_served
    objects = [config_map(of, namespace, Profile())] if left > 0 else []
    if objects and tuning is not None and facts.port:
        objects.append(daemon_set(of, namespace, tuning, facts.settings.tuner_image, facts.port))
    return TuningPlan(
        objects=[] if over else [without_owner(obj) for obj in objects],
        prune=sorted(observed.children) if over and left > 0 else [],
        status=None if over else {**_kept(facts.status), **_told(facts, told, now)},
        labels=[one for one in labels if one is not None],
        port=facts.port,
        held=not over,
        why=f"it is being deleted: {len(waiting)} of {len(facts.labelled)} nodes are not restored",
        again_after=max(1.0, left) if waiting and not unreached else None,
    )


def _running_there(facts: _Facts) -> tuning_conditions.Tuned:
    return tuning_conditions.Tuned([node.name for node in facts.labelled], (), facts.pods, ())


def _kept(status: Mapping[str, Any]) -> Object:
    return {"profile": Profile().digest} | {name: status[name] for name in ("nodes",) if name in status}


def _told(facts: _Facts, found: list[conditions.Found], now: datetime) -> Object:
    before = facts.status.get("conditions")
    return {
        "observedGeneration": facts.generation,
        "conditions": conditions.as_status(found, before, facts.generation, now),
    }
