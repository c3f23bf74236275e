"""Why an agent can't be served as it is written: each with a reason for programs and what to do, for people.

Rules: what runs stays as it is on any of them, and it is looked at again. A field that this operator does not know is
no reason: the API server, which has a newer version of the kind, has taken it.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from parley_api import VoiceAgent, __version__
from parley_api.problems import Location, path_text
from parley_operator.plan.agent import ObservedAgent
from parley_operator.plan.needs import needs
from parley_operator.plan.plan import Object

AGAIN_SECONDS = 30.0
"""After so long what lacked may be there, and no event may have told."""

ENFORCE = "pod-security.kubernetes.io/enforce"
STRICT = ("baseline", "restricted")

_MOST_TOLD = 5


class Refusal(NamedTuple):
    """Of the condition Accepted."""

    reason: str
    message: str


class Read(NamedTuple):
    """An agent with types. `unknown` are the paths of fields that were passed over."""

    agent: VoiceAgent
    unknown: tuple[str, ...] = ()


def read(agent: Object) -> Read | Refusal:
    """The agent with types, or what is wrong with it."""
    metadata = agent.get("metadata") or {}
    value = {
        "apiVersion": agent.get("apiVersion"),
        "kind": agent.get("kind"),
        "metadata": {key: metadata.get(key) for key in ("name", "namespace")},
        "spec": agent.get("spec"),
    }
    found = _typed(value)
    if isinstance(found, VoiceAgent):
        return Read(found)
    unknown = [one["loc"] for one in found if one["type"] == "extra_forbidden"]
    if unknown:
        found = _typed(_without(value, unknown))
    if isinstance(found, VoiceAgent):
        return Read(found, tuple(map(path_text, unknown)))
    told = [_sentence(one["loc"], one["msg"]) for one in found[:_MOST_TOLD]]
    if len(found) > _MOST_TOLD:
        told.append(f"and {len(found) - _MOST_TOLD} more")
    return Refusal("Invalid", "; ".join(told))


def passed_over(unknown: Sequence[str]) -> str:
    """In words; "" where nothing was."""
    if not unknown:
        return ""
    more = f" and {len(unknown) - _MOST_TOLD} more" if len(unknown) > _MOST_TOLD else ""
    fields = f"{', '.join(unknown[:_MOST_TOLD])}{more}"
    return f"operator {__version__} does not know {fields}, and passes over it: upgrade it"


def _typed(value: Object) -> VoiceAgent | list[ErrorDetails]:
    try:
        return VoiceAgent.model_validate(value, by_alias=True, by_name=False)
    except ValidationError as error:
        return error.errors(include_url=False, include_context=False, include_input=False)


def _without(value: Object, unknown: Iterable[Location]) -> Object:
    known = copy.deepcopy(value)
    for *path, name in unknown:
        holder: Any = known
        for part in path:
            holder = holder[part]
        del holder[name]
    return known


def _sentence(location: Location, message: str) -> str:
    where = path_text(location)
    return f"{where}: {message}" if where else message.replace("\n", "; ")


def lacking(agent: VoiceAgent, value: Object, observed: ObservedAgent) -> Refusal | None:
    """What of the cluster the agent needs and does not have. The host port is told apart: plan() allots it."""
    return (
        _missing("SecretMissing", "Secret", needs(value).secrets - observed.secrets)
        or _missing("ConfigMapMissing", "ConfigMap", needs(value).config_maps - observed.config_maps)
        or _strict(agent, observed)
        or _no_keda(agent, observed)
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


def no_host_port(first: int, last: int) -> Refusal:
    return Refusal(
        "NoHostPort",
        f"all host ports from {first} to {last} are allotted to other agents: give the operator more of them"
        " (HOST_PORT_FIRST, HOST_PORT_LAST), or write media.reach.podAddress or media.reach.turn",
    )
