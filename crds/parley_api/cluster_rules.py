"""The rules across the fields that are for a cluster, as `parley check` says them: CEL says the same in the CRD.

Rules: one function for each rule, which stands beside its fields' models; the sentence is the rule's own. Works on
plain values, also on those with mistakes in them, with the defaults that the API server would have filled in.
"""

from __future__ import annotations

from typing import Any

from parley_api.media import ALLOTTED, Reach
from parley_api.placement import TOLERATES_ALL, TOLERATES_ANY_VALUE, TOLERATES_FOR
from parley_api.plain import Mistake, Mistakes, mapping, mappings, repeated, texts, union, whole
from parley_api.pods import NONE_OF_WHAT, PINNED
from parley_api.problems import Location, shown
from parley_api.scaling import AWAKE, LEAST_AND_MOST, REPLICAS, TARGET
from parley_api.turntaking import Sessions


def mistakes(spec: dict[str, Any]) -> Mistakes:
    """All of them in a VoiceAgent's spec (camelCase, as in the file)."""
    if isinstance(spec.get("autoscaling"), dict):
        yield from _autoscaling(spec)
    yield from _reach(mapping(spec, "media"))
    for here, toleration in mappings(mapping(spec, "placement"), "tolerations", ("spec", "placement")):
        yield from _toleration(here, toleration)
    yield from _pods(mapping(spec, "pods"))


def _autoscaling(spec: dict[str, Any]) -> Mistakes:
    here: Location = ("spec", "autoscaling")
    replicas, most = whole(spec, "replicas", REPLICAS), whole(spec["autoscaling"], "maxReplicas")
    if replicas is not None and most is not None and most < replicas:
        yield Mistake((*here, "maxReplicas"), f"{most} beside replicas: {replicas}", LEAST_AND_MOST.message)
    if replicas == 0:
        yield Mistake(("spec", "replicas"), "0 beside autoscaling", AWAKE.message)
    limit = whole(mapping(spec, "sessions"), "limit", Sessions.model_fields["limit"].default)
    target = whole(spec["autoscaling"], "targetSessions")
    if limit is not None and target is not None and target > limit:
        yield Mistake((*here, "targetSessions"), f"{target} beside sessions.limit: {limit}", TARGET.message)


def _reach(media: dict[str, Any]) -> Mistakes:
    here: Location = ("spec", "media")
    reach, port = mapping(media, "reach"), whole(mapping(media, "udp"), "port", 0)
    yield from union((*here, "reach"), media.get("reach"), Reach)
    if reach.get("hostPort") is not None and port:
        yield Mistake((*here, "udp", "port"), f"{port} beside reach.hostPort", ALLOTTED.message)
    yield from repeated(texts(mapping(reach, "turn"), "uris", (*here, "reach", "turn")), "URI")


def _toleration(here: Location, toleration: dict[str, Any]) -> Mistakes:
    operator, effect = toleration.get("operator", "Equal"), toleration.get("effect")
    if toleration.get("key", "") == "" and operator == "Equal":
        yield Mistake((*here, "operator"), f"{shown(operator)} without a key", TOLERATES_ALL.message)
    if operator == "Exists" and (value := toleration.get("value", "")) != "":
        yield Mistake(
            (*here, "value"), f"{shown(value)} beside operator: Exists", TOLERATES_ANY_VALUE.message
        )
    if (seconds := toleration.get("tolerationSeconds")) is not None and effect != "NoExecute":
        beside = f"{shown(seconds)} beside {f'effect: {effect}' if isinstance(effect, str) else 'no effect'}"
        yield Mistake((*here, "tolerationSeconds"), beside, TOLERATES_FOR.message)


def _pods(pods: dict[str, Any]) -> Mistakes:
    here: Location = ("spec", "pods")
    if isinstance(image := pods.get("image"), str) and image.endswith(":latest"):
        yield Mistake((*here, "image"), shown(image), PINNED.message)
    proxy = mapping(pods, "proxy")
    if proxy.get("none", "") != "" and not (proxy.get("http") or proxy.get("https")):
        yield Mistake((*here, "proxy", "none"), f"{shown(proxy['none'])} alone", NONE_OF_WHAT.message)
    for name in ("pullSecrets", "environmentFrom"):
        yield from repeated(texts(pods, name, here), "Secret")
