"""Why an agent can't be served as it is written: each with a reason for programs and what to do, for people.

Rules: what runs stays as it is on any of them, and it is looked at again. That it can't be read at all reading.py says.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from parley_api import VoiceAgent
from parley_operator.plan.agent import ObservedAgent
from parley_operator.plan.needs import needs
from parley_operator.plan.plan import Object
from parley_operator.plan.reading import Refusal
from parley_operator.plan.tenant import sessions

AGAIN_SECONDS = 30.0
"""After so long what lacked may be there, and no event may have told."""

ENFORCE = "pod-security.kubernetes.io/enforce"
STRICT = ("baseline", "restricted")

SESSION_QUOTA = "SessionQuota"


def lacking(agent: VoiceAgent, value: Object, observed: ObservedAgent) -> Refusal | None:
    """What of the cluster the agent needs and does not have. The host port is told apart: plan() allots it."""
    return (
        _missing("SecretMissing", "Secret", needs(value).secrets - observed.secrets)
        or _missing("ConfigMapMissing", "ConfigMap", needs(value).config_maps - observed.config_maps)
        or _strict(agent, observed)
        or _no_keda(agent, observed)
        or _no_room(value, observed)
    )


def _missing(reason: str, kind: str, lacking: Iterable[str]) -> Refusal | None:
    gone = sorted(lacking)
    if not gone:
        return None
    one = len(gone) == 1
    what = f"the {kind} {gone[0]} is" if one else f"the {kind}s {', '.join(gone)} are"
    it = "it" if one else "them"
    return Refusal(reason, f"{what} not in this namespace: create {it}, or take {it} out of the spec")


def _strict(agent: VoiceAgent, observed: ObservedAgent) -> Refusal | None:
    if agent.spec.media.reach.host_port is None:
        return None
    labels: dict[str, Any] = ((observed.namespace or {}).get("metadata") or {}).get("labels") or {}
    level = labels.get(ENFORCE, "")
    if level not in STRICT:
        return None
    return Refusal(
        "HostPortRefused",
        f"this namespace enforces Pod Security {level}, which refuses host ports: write media.reach.podAddress or"
        f" media.reach.turn, or set the label {ENFORCE} of the namespace to privileged",
    )


def _no_keda(agent: VoiceAgent, observed: ObservedAgent) -> Refusal | None:
    scaling = agent.spec.autoscaling
    if scaling is None or scaling.keda is None or "ScaledObject" in observed.kinds:
        return None
    return Refusal(
        "KedaMissing",
        "autoscaling.keda needs KEDA, which this cluster does not have: install it, or leave keda out for a"
        " HorizontalPodAutoscaler",
    )


def _no_room(value: Object, observed: ObservedAgent) -> Refusal | None:
    """What it has already `left` has in it, so that a quota that was lowered ends nothing."""
    member = observed.membership
    if member is None or member.quota is None:
        return None
    wants = sessions(value.get("spec") or {})
    if wants <= member.left:
        return None
    return Refusal(
        SESSION_QUOTA,
        f"it asks for {wants} sessions (sessions.limit for each of its pods at most), and of the {member.quota} of"
        f" tenant {member.tenant} its other agents leave {member.left}: write a smaller sessions.limit, or fewer"
        " replicas, or have the tenant's quota raised; what runs of it goes on",
    )


def no_host_port(first: int, last: int) -> Refusal:
    return Refusal(
        "NoHostPort",
        f"all host ports from {first} to {last} are allotted to other agents: give the operator more of them"
        " (HOST_PORT_FIRST, HOST_PORT_LAST), or write media.reach.podAddress or media.reach.turn",
    )
