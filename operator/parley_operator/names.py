"""Names and labels of what agents, model servers, node tunings and tenants become: the one place where they are made.

Rules: a child's name tells its agent's, is a DNS label as a Service's has to be (RFC 1035; an agent's name is one too),
and no two agents of a namespace share one. Where the plain form is too long, ten characters of a hash end it; the plain
form always ends in "-agent", so the two can't meet. What a model server becomes has its own name. Selectors never
change (Kubernetes forbids it for a Deployment), so they are the one label that finds all of an object's: PARLEY_AGENT
and its like.
"""

from __future__ import annotations

import base64
import hashlib

GROUP = "parley.dev"

FIELD_MANAGER = "parley-operator"
COMPONENT = "parley-agent"
MODEL_COMPONENT = "parley-model-server"
TUNER = "parley-tuner"

PARLEY_AGENT = f"{GROUP}/agent"
"""The label that finds all of an agent's objects and pods."""

PARLEY_MODEL_SERVER = f"{GROUP}/model-server"
PARLEY_NODE_TUNING = f"{GROUP}/node-tuning"
PARLEY_TENANT = f"{GROUP}/tenant"
"""The same of the other kinds. PARLEY_TENANT on a namespace says whose it is."""

IN_TENANT = "parley-tenant"
"""The name of what a tenant has in each of its namespaces, where there is one of a kind."""

MODEL_SERVER_FINALIZER = f"{GROUP}/agents"
NODE_TUNING_FINALIZER = f"{GROUP}/restore-nodes"
TENANT_FINALIZER = f"{GROUP}/tenant"
"""What keeps an object that is deleted until all is undone that no garbage collector knows."""

BUSY = f"{GROUP}/busy"
"""Label of a pod: "true" while it has calls."""

DELETION_COST = "controller.kubernetes.io/pod-deletion-cost"
"""Annotation of a pod: of those that a ReplicaSet may take, it takes the one with the least."""

CUT_WITH = f"{GROUP}/cut-with"
"""Annotation of a pod: the uid of the agent with which it ends at once."""

AGENT_DIGEST = f"{GROUP}/agent-digest"
"""Annotation of a pod: the SHA-256 of the agent's file that it was started with."""

NETWORK_DIGEST = f"{GROUP}/network-digest"
"""Annotation of a pod: a digest of what its NetworkPolicy allows."""

KNOWLEDGE_DIGEST = f"{GROUP}/knowledge-digest"
"""Annotation of a pod: what the ConfigMaps of its knowledge held when it was started."""

TEMPLATE = f"{GROUP}/template"
"""Annotation of a Deployment: a digest of the pod template as it was rendered."""

SERVED_NAMES = f"{GROUP}/served-names"
"""Annotation of a model server's Deployment: all that its model is called, the newest first."""

RENDERED_FROM = f"{GROUP}/rendered-from"
"""Annotation of a Deployment: its owner's generation, and digests of what its author wrote, behind that template."""

REPLICAS_BY = f"{GROUP}/replicas-by"
"""Annotation of a Deployment: who sets its replicas, OPERATOR or AUTOSCALER."""

OPERATOR, AUTOSCALER = "operator", "autoscaler"

SESSIONS = f"{GROUP}/sessions"
"""Annotation of a Deployment: calls that its pods may have in progress, which a tenant's quota counts."""

LONGEST = 63
"""Characters of a DNS label (RFC 1123), and of a label's value."""

_HASHED = 10


def child(agent: str) -> str:
    """The name of every object of the agent but its ConfigMaps and NetworkPolicies."""
    return _child(agent, "agent")


def tuner(tuning: str) -> str:
    """The name of the DaemonSet and the ConfigMap of a NodeTuning."""
    return _child(tuning, "tuning")


def tuning_label(tuning: str) -> str:
    """Label of a node that a NodeTuning's tuner runs on: how far it is."""
    return f"tuning.{GROUP}/{tuning}"


def profile_label(tuning: str) -> str:
    """Label of a node that has all of a NodeTuning: the hash of what that is."""
    return f"profile.{GROUP}/{tuning}"


TUNED, BEING_TUNED, RESTORING = "tuned", "tuning", "restoring"
"""Values of `tuning_label`."""

REPORT_PORT = f"{GROUP}/report-port"
"""Annotation of a tuner's pod: where on its node it answers."""


def _child(owner: str, what: str) -> str:
    plain = f"{owner}-{what}"
    if len(plain) <= LONGEST:
        return plain
    return f"{owner[: LONGEST - 1 - _HASHED].rstrip('-')}-{_hash(owner)}"


def by_content(agent: str, digest: str) -> str:
    """The name of the ConfigMap whose agent.yaml, or the NetworkPolicy whose content, has `digest`: another content is
    another object, and pods of before keep theirs until they end.
    """
    return f"{child(agent)}-{digest[:_HASHED]}"


def labels(agent: str) -> dict[str, str]:
    """Of every object and pod of the agent. `app` is how people find the pods and logs."""
    return {"app": agent, **labels_of(PARLEY_AGENT, agent, COMPONENT)}


def labels_of(owner: str, name: str, component: str) -> dict[str, str]:
    """Of what `name` owns, where `owner` is the label of its kind; `component` says what that is."""
    return {
        "app.kubernetes.io/instance": name,
        "app.kubernetes.io/managed-by": FIELD_MANAGER,
        "app.kubernetes.io/name": component,
        owner: name,
    }


def selector(agent: str) -> dict[str, str]:
    return {PARLEY_AGENT: agent}


def selector_text(agent: str) -> str:
    """As the scale subresource has it."""
    return f"{PARLEY_AGENT}={agent}"


def model_labels(server: str) -> dict[str, str]:
    """Of every object and pod of a model server. All but the pods have the model server's own name: it is the host in
    the URL by which agents and people reach it."""
    return labels_of(PARLEY_MODEL_SERVER, server, MODEL_COMPONENT)


def model_selector(server: str) -> dict[str, str]:
    return {PARLEY_MODEL_SERVER: server}


def _hash(text: str) -> str:
    """50 bits of it, in characters that a name may hold."""
    return base64.b32encode(hashlib.sha256(text.encode()).digest()).decode().lower()[:_HASHED]
