"""What is to be done about a VoiceTenant: pure, from what the caches hold to everything that is to be there.

    dict -> reading.py: typed, or why not -> each namespace: ours, or whose -> tenant_quota.py -> render/
         -> objects, prune -> tenant_conditions.py -> status
Rules: a namespace is ours by its label, which is written where there was none, or where somebody has handed it over by
writing that label. What is another's or has others' objects stays as it is. Namespaces are never deleted, no pod is
evicted, and what the spec no longer names is let go: all that we made there goes, all else stays.

A tenant has a finalizer: with agents in its namespaces it waits, and stays as it is meanwhile. Deleted with
`--cascade=foreground` all that it has loses its owner first, or the garbage collector would take it again and again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from parley_api.voicetenant import VoiceTenant
from parley_operator import amounts, names
from parley_operator.diff import holds, stamped
from parley_operator.plan import conditions, tenant_conditions
from parley_operator.plan.facts import Facts
from parley_operator.plan.plan import Object, Ref, loses_what_it_owns, ref_of
from parley_operator.plan.reading import Refusal, passed_over, read
from parley_operator.plan.tenant import ObservedTenant, TenantPlan, Whole, holder, tenant_of
from parley_operator.plan.tenant_conditions import ENDING, IN_USE, MISSING, OPEN, READY, TAKEN, State
from parley_operator.plan.tenant_quota import Shares, Use, gpu_resource, shares
from parley_operator.render.namespace import namespace
from parley_operator.render.owner import Owner, without_owner
from parley_operator.render.quota import limit_range, resource_quota
from parley_operator.render.role_binding import role_bindings
from parley_operator.render.tenant_network import tenant_network
from parley_operator.settings import Settings

AGAIN_SECONDS = 30.0
READ_BACK_SECONDS = 1.0
"""What was just applied is read back."""

COMPONENT = "parley-tenant"

_MOST_TOLD = 5


def plan(tenant: Object, observed: ObservedTenant, settings: Settings, now: datetime) -> TenantPlan:
    """`tenant` is the object as the API server has it."""
    facts = _Facts(tenant, observed)
    if facts.deleted and not observed.agents:
        return _gone(facts)
    found = read(VoiceTenant, tenant)
    if isinstance(found, Refusal):
        return _refused(found, facts, now)
    return _kept(found.value, facts, settings, now, passed_over(found.unknown))


@dataclass(frozen=True, slots=True)
class _Facts(Facts):
    """The tenant as it is there, and what was read back."""

    observed: ObservedTenant

    @property
    def deleted(self) -> bool:
        return bool(self.obj["metadata"].get("deletionTimestamp"))

    @property
    def drains(self) -> bool:
        return bool((self.obj.get("spec") or {}).get("deletion") == "Drain")

    @property
    def owner(self) -> Owner:
        return Owner.of(self.obj, names.labels_of(names.PARLEY_TENANT, self.name, COMPONENT))

    def marked(self, besides: Iterable[str] = ()) -> list[Whole]:
        """Namespaces that have something of ours, but those of `besides`."""
        return [
            Whole(Ref("Namespace", "", name), str(live["metadata"]["uid"]))
            for name, live in sorted(self.observed.namespaces.items())
            if name not in set(besides)
            and tenant_of(live) == self.name
            and live["metadata"].get("managedFields")
        ]


def _gone(facts: _Facts) -> TenantPlan:
    """No agent is left: all of ours goes, and then it."""
    return TenantPlan(
        prune=sorted(facts.observed.children),
        let_go=facts.marked(),
        why="it is being deleted, and has no agents",
        held=False,
    )


def _refused(refusal: Refusal, facts: _Facts, now: datetime) -> TenantPlan:
    """All stays as it is."""
    found = tenant_conditions.conditions(_leaving(facts) or refusal, facts.observed.failures, [], [])
    found = [one if one.type in ("Accepted", "Ready") else _unread(one.type) for one in found]
    return TenantPlan(
        status=_status(facts, found, [], [], now),
        drain=_drained(facts),
        held=True,
        why=refusal.message,
        again_after=AGAIN_SECONDS,
    )


def _unread(kind: str) -> conditions.Found:
    return conditions.Found(kind, conditions.UNKNOWN, "NotYetSeen", "the spec can't be read")


def _kept(tenant: VoiceTenant, facts: _Facts, settings: Settings, now: datetime, unknown: str) -> TenantPlan:
    spec, observed = tenant.spec, facts.observed
    before = {name: _whose(name, facts) for name in spec.namespaces}
    ours = [name for name, state in before.items() if state.state in (MISSING, READY)]
    parts = shares(spec, ours, observed)
    made = {name: _within(tenant, facts, name, ours, parts, settings) for name in ours}
    # Isolation first, people last: nobody is let in where the doors are not closed.
    objects = [obj for at in range(2) for name in ours for obj in made[name][at]]
    states = [
        _read_back(before[name], [obj for some in made.get(name, ()) for obj in some], facts)
        for name in spec.namespaces
    ]
    found = tenant_conditions.conditions(_leaving(facts), observed.failures, states, parts.use, unknown)
    wanted = {ref_of(obj) for obj in objects}
    unread = any(state.state in (OPEN, MISSING) for state in states)
    settled = not unread and all(one.status == conditions.TRUE for one in found)
    return TenantPlan(
        objects=objects,
        prune=[
            ref
            for ref in sorted(observed.children)
            if ref not in wanted and ref.namespace not in _held(before)
        ],
        status=_status(facts, found, states, parts.use, now),
        drain=_drained(facts),
        let_go=facts.marked(besides=spec.namespaces),
        held=True,
        why="\n".join(
            f"{one.type} is {one.status}: {one.message}" for one in found if one.status != conditions.TRUE
        ),
        again_after=None if settled else READ_BACK_SECONDS if unread else AGAIN_SECONDS,
    )


def _held(states: Mapping[str, State]) -> set[str]:
    """Namespaces that end take all with them, in their own order."""
    return {name for name, state in states.items() if state.state == ENDING}


def _whose(name: str, facts: _Facts) -> State:
    """Before anything is made there: Ready for what is ours."""
    live = facts.observed.namespaces.get(name)
    label = tenant_of(live)
    other = holder(facts.observed.claims.get(name, ()), label)
    if other not in ("", facts.name):
        message = f"namespace {name} is of tenant {other}, and {facts.name} names it too: take it out of one of the two"
        return State(name, TAKEN, message)
    if live is None:
        return State(name, MISSING, "it is not there yet")
    if (live.get("status") or {}).get("phase") == "Terminating":
        return State(name, ENDING, f"namespace {name} is being deleted: it is made anew once it is gone")
    if label == facts.name:
        return State(name, READY)
    whose = f"the mark of tenant {label}, which does not name it" if label else "nobody's mark"
    inside = _listed(facts.observed.found.get(name, ())) or "no pod, Deployment or Service"
    message = (
        f"namespace {name} was there before, with {whose} and {inside} in it: to hand it over,"
        f" kubectl label --overwrite namespace {name} {names.PARLEY_TENANT}={facts.name}; or name another"
    )
    return State(name, IN_USE, message)


def _within(
    tenant: VoiceTenant, facts: _Facts, name: str, ours: Sequence[str], parts: Shares, settings: Settings
) -> tuple[list[Object], list[Object]]:
    """What isolates a namespace, and who is let in."""
    spec, owner = tenant.spec, facts.owner
    quota = resource_quota(owner, name, parts.hard[name], gpu_resource(spec.quota))
    isolation = [
        namespace(owner, name),
        tenant_network(owner, name, ours, spec.network, settings.namespace),
        limit_range(owner, name, spec.limits),
        *([quota] if quota is not None else []),
    ]
    people = role_bindings(owner, name, spec.people)
    if loses_what_it_owns(facts.obj):
        return [without_owner(obj) for obj in isolation], [without_owner(obj) for obj in people]
    return isolation, people


def _read_back(state: State, made: Sequence[Object], facts: _Facts) -> State:
    if state.state != READY:
        return state
    for obj in made:
        live = _live(obj, facts.observed)
        if live is None or not _is_as_wanted(obj, live):
            return State(state.name, OPEN, f"its {obj['kind']} is not there yet as it is wanted")
    return state


def _is_as_wanted(obj: Object, live: Object) -> bool:
    """How much a quota gives moves between namespaces all the time: that it limits what it is to limit is enough."""
    if obj["kind"] == "ResourceQuota":
        return bool(live["spec"]["hard"].keys() == obj["spec"]["hard"].keys())
    return holds(live, stamped(obj))


def _live(obj: Object, observed: ObservedTenant) -> Object | None:
    ref = ref_of(obj)
    return observed.namespaces.get(ref.name) if ref.kind == "Namespace" else observed.children.get(ref)


def _leaving(facts: _Facts) -> Refusal | None:
    if not facts.deleted:
        return None
    agents = [f"{ref.namespace}/{ref.name}" for ref in sorted(facts.observed.agents)]
    does = (
        "they were deleted with it, as its deletion: Drain says"
        if facts.drains
        else "delete them, or write deletion: Drain"
    )
    return Refusal(
        "Deleting", f"it is being deleted, and waits for its {len(agents)} agents ({_listed(agents)}): {does}"
    )


def _drained(facts: _Facts) -> list[Whole]:
    if not (facts.deleted and facts.drains):
        return []
    return [Whole(ref, ask.uid) for ref, ask in sorted(facts.observed.agents.items()) if not ask.ending]


def _listed(found: Sequence[str]) -> str:
    """The first of them, as far as a status has room: a Deployment's name alone may have 253 characters."""
    more = f" and {len(found) - _MOST_TOLD} more" if len(found) > _MOST_TOLD else ""
    return f"{conditions.cut(', '.join(found[:_MOST_TOLD]))}{more}"


def _status(
    facts: _Facts,
    found: Sequence[conditions.Found],
    states: Sequence[State],
    use: Sequence[Use],
    now: datetime,
) -> Object:
    return {
        "observedGeneration": facts.generation,
        "conditions": conditions.as_status(found, facts.status.get("conditions"), facts.generation, now),
        "namespaces": [{"name": one.name, "state": one.state, "message": one.message} for one in states],
        "readyNamespaces": sum(one.state == READY for one in states),
        "use": [_told(one) for one in use],
    }


def _told(one: Use) -> Object:
    told: Object = {"resource": one.resource, "used": amounts.text(one.resource, one.used)}
    if one.quota is not None:
        told["quota"] = amounts.text(one.resource, one.quota)
    if one.missing:
        told["missing"] = amounts.text(one.resource, one.missing)
    return told
