"""Which kinds the operator reads and writes, and what of each its caches keep.

Rules: what people write is a `Primary`, one row each; what it owns is watched by label on the server's side, so that a
cluster's other objects never come here, and only where a primary kind owns it; one of which metadata alone is kept is
asked for no more. What no plan reads is dropped before it is kept; of managedFields our own entry stays, which diff.py
asks for. Secrets are no kind here: they are looked up one by one, by name, without their contents
(Cluster.secret_exists).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from parley_operator import names
from parley_operator.media_types import JSON, METADATA, METADATA_LIST
from parley_operator.plan.plan import Object, Ref

MANAGER = "parley-operator"
"""The field manager of everything that is applied."""

APPLIED = "parley.dev/applied"
"""Annotation of what is applied: the digest of it (diff.py)."""

OURS = "app.kubernetes.io/managed-by=parley-operator"

Trim = Callable[[Object], Object]


def _own_entries(metadata: Object) -> list[Object]:
    return [entry for entry in metadata.get("managedFields", ()) if entry.get("manager") == MANAGER]


_METADATA = (
    *("name", "namespace", "uid", "generation", "labels", "annotations", "ownerReferences"),
    *("creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "finalizers"),
)


def _metadata(obj: Object) -> Object:
    metadata = obj["metadata"]
    kept = {name: metadata[name] for name in _METADATA if name in metadata}
    own = _own_entries(metadata)
    return {**kept, "managedFields": own} if own else kept


def whole(obj: Object) -> Object:
    """All of it but other managers' entries and the resource version, which changes with things that are not kept."""
    return {**obj, "metadata": _metadata(obj)}


def metadata_alone(obj: Object) -> Object:
    """For what is only compared (diff.py needs nothing else) and counted."""
    return {"apiVersion": obj["apiVersion"], "kind": obj["kind"], "metadata": _metadata(obj)}


def authored(obj: Object) -> Object:
    """As `whole`, of what people write: without kubectl's copy of it in an annotation, and with what holds it."""
    kept = whole(obj)
    if obj["metadata"].get("finalizers"):
        kept["metadata"] = {**kept["metadata"], "finalizers": obj["metadata"]["finalizers"]}
    annotations = dict(kept["metadata"].get("annotations", {}))
    if annotations.pop("kubectl.kubernetes.io/last-applied-configuration", None) is not None:
        kept["metadata"] = {**kept["metadata"], "annotations": annotations}
    return kept


def pod(obj: Object) -> Object:
    """Where it runs, whether it is ready, and why not."""
    spec, status = obj.get("spec", {}), obj.get("status", {})
    conditions = [
        {name: condition[name] for name in ("type", "status", "reason", "message") if name in condition}
        for condition in status.get("conditions", ())
        if condition.get("type") in ("Ready", "PodScheduled")
    ]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": _metadata(obj),
        "spec": {"nodeName": spec.get("nodeName", "")},
        "status": {
            **{name: status[name] for name in ("phase", "podIP", "qosClass") if name in status},
            "conditions": conditions,
            "failing": _failing(status),
        },
    }


_STARTING = {"", "ContainerCreating", "PodInitializing"}
_NO_IMAGE = {"ErrImagePull", "ImagePullBackOff"}
"""The kubelet goes from the one to the other and back."""


def _failing(status: Object) -> str:
    """Why a container of a pod does not run, without what is otherwise at each try: seconds, counts."""
    for container in (*status.get("initContainerStatuses", ()), *status.get("containerStatuses", ())):
        reason = container.get("state", {}).get("waiting", {}).get("reason", "")
        if reason in _NO_IMAGE:
            return f"{container.get('image', '')} can't be pulled"
        if reason not in _STARTING:
            code = container.get("lastState", {}).get("terminated", {}).get("exitCode")
            return reason if code is None else f"{reason}, exit code {code}"
    return ""


def _shared(obj: Object) -> Object:
    """Metadata of what is not the operator's alone: of annotations the one that says what it has applied."""
    metadata = _metadata(obj)
    kept = {name: metadata[name] for name in _SHARED if name in metadata}
    applied = metadata.get("annotations", {}).get(APPLIED)
    return kept if applied is None else {**kept, "annotations": {APPLIED: applied}}


_SHARED = ("name", "uid", "labels", "ownerReferences", "deletionTimestamp", "managedFields")


def node(obj: Object) -> Object:
    """What a scheduler goes by, without what a node reports of itself every few seconds."""
    spec = obj.get("spec", {})
    conditions = obj.get("status", {}).get("conditions", ())
    ready = next((one.get("status") for one in conditions if one.get("type") == "Ready"), "Unknown")
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"labels": {}, **_shared(obj)},
        "spec": {"taints": spec.get("taints", []), "unschedulable": spec.get("unschedulable", False)},
        "status": {"conditions": [{"type": "Ready", "status": ready}]},
    }


def namespace(obj: Object) -> Object:
    """Its labels, which hold its Pod Security level, whose it is, and whether it is being terminated."""
    phase = obj.get("status", {}).get("phase", "Active")
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": _shared(obj), "status": {"phase": phase}}


@dataclass(frozen=True, slots=True)
class Kind:
    """`optional`: the API server may not serve it, or may not let us read it; the rest works without."""

    name: str
    api_version: str
    plural: str
    namespaced: bool = True
    selector: str = OURS
    optional: bool = False
    trim: Trim = metadata_alone

    @property
    def everywhere(self) -> bool:
        """Every API server has it: a kind of the core group, of no CustomResourceDefinition that may be deleted."""
        return "/" not in self.api_version

    @property
    def accept(self) -> str:
        """Of a watch. A server that can't leave the rest out sends all."""
        return f"{METADATA},{JSON}" if self.trim is metadata_alone else JSON

    @property
    def accept_list(self) -> str:
        return f"{METADATA_LIST},{JSON}" if self.trim is metadata_alone else JSON

    def path(self, namespace: str = "", name: str = "", subresource: str = "") -> str:
        """Of one object, or of all (in `namespace`, "" for everywhere)."""
        root = "/api/" if "/" not in self.api_version else "/apis/"
        parts = [root + self.api_version]
        if self.namespaced and namespace:
            parts += ["namespaces", namespace]
        parts += [self.plural, name, subresource]
        return "/".join(part for part in parts if part)


@dataclass(frozen=True, slots=True)
class Primary(Kind):
    """What people write, and the operator makes other objects of. `noun` is its word in sentences; `label` names it on
    all that it owns (names.py); `owns` are the kinds of which it may be the controller. Where the API server does not
    serve it (yet), the others work.
    """

    selector: str = ""
    trim: Trim = authored
    noun: str = ""
    label: str = ""
    owns: tuple[Kind, ...] = ()

    def key(self, namespace: str, name: str) -> Ref:
        """Of the one that owns something in `namespace`: what is of the whole cluster may own things anywhere."""
        return Ref(self.name, namespace if self.namespaced else "", name)


CONFIG_MAPS = Kind("ConfigMap", "v1", "configmaps")
SERVICE_ACCOUNTS = Kind("ServiceAccount", "v1", "serviceaccounts")
SERVICES = Kind("Service", "v1", "services")
VOLUME_CLAIMS = Kind("PersistentVolumeClaim", "v1", "persistentvolumeclaims", trim=whole)
QUOTAS = Kind("ResourceQuota", "v1", "resourcequotas", trim=whole)
LIMIT_RANGES = Kind("LimitRange", "v1", "limitranges")
DEPLOYMENTS = Kind("Deployment", "apps/v1", "deployments", trim=whole)
DAEMON_SETS = Kind("DaemonSet", "apps/v1", "daemonsets", trim=whole)
DISRUPTION_BUDGETS = Kind("PodDisruptionBudget", "policy/v1", "poddisruptionbudgets")
NETWORK_POLICIES = Kind("NetworkPolicy", "networking.k8s.io/v1", "networkpolicies")
ROLE_BINDINGS = Kind("RoleBinding", "rbac.authorization.k8s.io/v1", "rolebindings")
AUTOSCALERS = Kind("HorizontalPodAutoscaler", "autoscaling/v2", "horizontalpodautoscalers")
SCALED_OBJECTS = Kind("ScaledObject", "keda.sh/v1alpha1", "scaledobjects", optional=True)
POD_MONITORS = Kind("PodMonitor", "monitoring.coreos.com/v1", "podmonitors", optional=True)
PODS = Kind("Pod", "v1", "pods", trim=pod)
NODES = Kind("Node", "v1", "nodes", namespaced=False, selector="", optional=True, trim=node)
NAMESPACES = Kind(
    "Namespace", "v1", "namespaces", namespaced=False, selector="", optional=True, trim=namespace
)

OTHERS = (
    *(CONFIG_MAPS, SERVICE_ACCOUNTS, SERVICES, VOLUME_CLAIMS, QUOTAS, LIMIT_RANGES, DEPLOYMENTS, DAEMON_SETS),
    *(DISRUPTION_BUDGETS, NETWORK_POLICIES, ROLE_BINDINGS, AUTOSCALERS, SCALED_OBJECTS, POD_MONITORS),
    *(PODS, NODES, NAMESPACES),
)

AGENTS = Primary(
    "VoiceAgent",
    "parley.dev/v1alpha1",
    "voiceagents",
    noun="agent",
    label=names.PARLEY_AGENT,
    owns=(
        *(CONFIG_MAPS, SERVICE_ACCOUNTS, SERVICES, DEPLOYMENTS, DISRUPTION_BUDGETS, NETWORK_POLICIES),
        *(AUTOSCALERS, SCALED_OBJECTS, POD_MONITORS),
    ),
)

MODEL_SERVERS = Primary(
    "ModelServer",
    "parley.dev/v1alpha1",
    "modelservers",
    noun="model server",
    label=names.PARLEY_MODEL_SERVER,
    owns=(
        *(SERVICE_ACCOUNTS, SERVICES, VOLUME_CLAIMS, DEPLOYMENTS, DISRUPTION_BUDGETS, NETWORK_POLICIES),
        *(AUTOSCALERS, SCALED_OBJECTS, POD_MONITORS),
    ),
)

NODE_TUNINGS = Primary(
    "NodeTuning",
    "parley.dev/v1alpha1",
    "nodetunings",
    namespaced=False,
    noun="node tuning",
    label=names.PARLEY_NODE_TUNING,
    owns=(CONFIG_MAPS, DAEMON_SETS),
)

TENANTS = Primary(
    "VoiceTenant",
    "parley.dev/v1alpha1",
    "voicetenants",
    namespaced=False,
    noun="tenant",
    label=names.PARLEY_TENANT,
    owns=(QUOTAS, LIMIT_RANGES, NETWORK_POLICIES, ROLE_BINDINGS),
)

PRIMARIES = (AGENTS, MODEL_SERVERS, NODE_TUNINGS, TENANTS)
"""Each with its program (programs/__init__.py)."""

KINDS = {kind.name: kind for kind in (*PRIMARIES, *OTHERS)}


def watched(primaries: Iterable[Primary]) -> tuple[Kind, ...]:
    """By watch.py, each once: what these own, and what is looked at for all. They themselves are watched by kopf
    (primaries.py).
    """
    owned = [kind for primary in primaries for kind in primary.owns]
    return tuple({kind.name: kind for kind in (*owned, PODS, NODES, NAMESPACES)}.values())
