"""The rules across the fields that several kinds have, as `parley check` says them: CEL says the same in the CRD.

Rules: one function for each part of a spec, whose rules stand beside its models; the sentence is the rule's own. Works
on plain values, also on those with mistakes in them, with the defaults that the API server would have filled in.
"""

from __future__ import annotations

from typing import Any

from parley_api.placement import NOT_KUBERNETES_OWN, TOLERATES_ALL, TOLERATES_ANY_VALUE, TOLERATES_FOR
from parley_api.plain import Mistake, Mistakes, mapping, mappings, repeated, texts, whole
from parley_api.pods import NONE_OF_WHAT, PINNED
from parley_api.problems import Location, shown
from parley_api.scaling import AWAKE, LEAST_AND_MOST


def scaling(spec: dict[str, Any], least: int) -> Mistakes:
    """Of replicas and autoscaling; `least` is what replicas are unless it is said."""
    if not isinstance(spec.get("autoscaling"), dict):
        return
    replicas, most = whole(spec, "replicas", least), whole(spec["autoscaling"], "maxReplicas")
    if replicas is not None and most is not None and most < replicas:
        here = ("spec", "autoscaling", "maxReplicas")
        yield Mistake(here, f"{most} beside replicas: {replicas}", LEAST_AND_MOST.message)
    if replicas == 0:
        yield Mistake(("spec", "replicas"), "0 beside autoscaling", AWAKE.message)


def placement(spec: dict[str, Any]) -> Mistakes:
    """Of the taints that are tolerated."""
    for here, toleration in mappings(mapping(spec, "placement"), "tolerations", ("spec", "placement")):
        yield from _toleration(here, toleration)


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


def gpus(here: Location, said: dict[str, Any]) -> Mistakes:
    """`said` is what stands at `here`."""
    if isinstance(name := said.get("resource"), str) and "kubernetes.io/" in name:
        yield Mistake((*here, "resource"), shown(name), NOT_KUBERNETES_OWN.message)


def pods(spec: dict[str, Any]) -> Mistakes:
    """Of what pods are made from."""
    here: Location = ("spec", "pods")
    said = mapping(spec, "pods")
    if isinstance(image := said.get("image"), str) and image.endswith(":latest"):
        yield Mistake((*here, "image"), shown(image), PINNED.message)
    proxy = mapping(said, "proxy")
    if proxy.get("none", "") != "" and not (proxy.get("http") or proxy.get("https")):
        yield Mistake((*here, "proxy", "none"), f"{shown(proxy['none'])} alone", NONE_OF_WHAT.message)
    for name in ("pullSecrets", "environmentFrom"):
        yield from repeated(texts(said, name, here), "Secret")
