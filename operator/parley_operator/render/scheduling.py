"""Where pods may run and how they are spread: the same for all that is served by a Deployment."""

from __future__ import annotations

from parley_api.placement import Placement
from parley_operator.render.owner import Object
from parley_operator.render.served import Served


def scheduling(subject: Served, placement: Placement, pull_secrets: list[str]) -> Object:
    """Of the pod's spec."""
    spread = [
        {
            "labelSelector": {"matchLabels": subject.selector},
            "matchLabelKeys": ["pod-template-hash"],  # old pods that drain must not push new ones aside
            "maxSkew": 1,
            "topologyKey": key,
            "whenUnsatisfiable": "ScheduleAnyway",
        }
        for key in ("kubernetes.io/hostname", "topology.kubernetes.io/zone")
    ]
    spec: Object = {"topologySpreadConstraints": spread}
    if placement.node_selector:
        spec["nodeSelector"] = placement.node_selector
    if placement.tolerations:
        spec["tolerations"] = [
            one.model_dump(mode="json", by_alias=True, exclude_none=True) for one in placement.tolerations
        ]
    if pull_secrets:
        spec["imagePullSecrets"] = [{"name": name} for name in pull_secrets]
    return spec


def on_one_node(subject: Served) -> Object:
    """A term of affinity, with or against the others of its own."""
    return {"labelSelector": {"matchLabels": subject.selector}, "topologyKey": "kubernetes.io/hostname"}
