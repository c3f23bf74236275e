"""What a NodeTuning becomes: the profile that its tuners read, and the DaemonSet that runs them.

Rules: the ConfigMap keeps its name and is changed, for tuners read it again and again: no pod is replaced for another
value. Privileged and in the node's network, because a node's keys are; beyond that it has no token, writes to its
journal alone, and is Guaranteed. It runs where the operator has labelled the node for it, not where the spec's labels
are: a node that leaves the choice is restored before its tuner goes.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from parley_api.nodetuning import NodeTuning
from parley_operator import names
from parley_operator.render.owner import Object, Owner

FILE = "profile.json"
FOLDER = "/etc/parley-tuner"
JOURNAL = "/var/lib/parley-tuner"
HTTP = "http"
APP = "sysctl-tuning"
"""By which people have always found them."""

RESOURCES = {"cpu": "100m", "memory": "64Mi"}
_DIGITS = 16


@dataclass(frozen=True, slots=True)
class Profile:
    """What nodes are to have; nothing, where all is to be restored."""

    sysctls: Mapping[str, str] = field(default_factory=dict)
    governor: str = ""

    @property
    def digest(self) -> str:
        """Of what is set, wherever: nodes that leave change nothing for those that stay."""
        text = json.dumps({"governor": self.governor, "sysctls": dict(self.sysctls)}, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:_DIGITS]


def owner(tuning: Object) -> Owner:
    name = tuning["metadata"]["name"]
    labels = {"app": APP, **names.labels_of(names.PARLEY_NODE_TUNING, name, names.TUNER)}
    return Owner.of(tuning, labels)


def config_map(of: Owner, namespace: str, profile: Profile, leaving: Sequence[str] = ()) -> Object:
    content = {
        "governor": profile.governor,
        "leaving": sorted(leaving),
        "owner": of.name,
        "profile": profile.digest,
        "sysctls": dict(profile.sysctls),
    }
    return {
        "apiVersion": "v1",
        "data": {FILE: json.dumps(content, indent=1, sort_keys=True) + "\n"},
        "kind": "ConfigMap",
        "metadata": of.metadata(names.tuner(of.name), namespace),
    }


def daemon_set(of: Owner, namespace: str, tuning: NodeTuning, image: str, port: int) -> Object:
    return {
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": of.metadata(names.tuner(of.name), namespace),
        "spec": {
            "revisionHistoryLimit": 2,
            "selector": {"matchLabels": {names.PARLEY_NODE_TUNING: of.name}},
            "template": {
                "metadata": {"annotations": {names.REPORT_PORT: str(port)}, "labels": of.labels},
                "spec": _pod(of, tuning, image, port),
            },
            # A node keeps its values while its tuner is replaced, so many may be at once.
            "updateStrategy": {"rollingUpdate": {"maxUnavailable": "10%"}, "type": "RollingUpdate"},
        },
    }


def _pod(of: Owner, tuning: NodeTuning, image: str, port: int) -> Object:
    labelled = {"key": names.tuning_label(of.name), "operator": "Exists"}
    required = {"nodeSelectorTerms": [{"matchExpressions": [labelled]}]}
    spec: Object = {
        "affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": required}},
        "automountServiceAccountToken": False,
        "containers": [_container(tuning.spec.pods.image or image, port)],
        "enableServiceLinks": False,
        "hostNetwork": True,  # net.* is a network's own: from a pod's, a node's can't be written
        "priorityClassName": "system-node-critical",
        "restartPolicy": "Always",
        "securityContext": {"runAsGroup": 0, "runAsUser": 0},
        "terminationGracePeriodSeconds": 10,
        "volumes": [
            {"configMap": {"name": names.tuner(of.name)}, "name": "profile"},
            {"hostPath": {"path": JOURNAL, "type": "DirectoryOrCreate"}, "name": "journal"},
        ],
    }
    if tuning.spec.placement.tolerations:
        spec["tolerations"] = [
            one.model_dump(mode="json", by_alias=True, exclude_none=True)
            for one in tuning.spec.placement.tolerations
        ]
    if tuning.spec.pods.pull_secrets:
        spec["imagePullSecrets"] = [{"name": name} for name in tuning.spec.pods.pull_secrets]
    return spec


def _container(image: str, port: int) -> Object:
    """It has the node's own /proc/sys and /sys: a privileged container's may be written, and are those of its machine
    and of its network, which is the node's.
    """
    healthz = {"httpGet": {"path": "/healthz", "port": HTTP}}
    return {
        "args": [
            *("run", "--node", "$(NODE_NAME)", "--host", "$(NODE_ADDRESS)", "--port", str(port)),
            *("--profile", f"{FOLDER}/{FILE}", "--journal", JOURNAL),
        ],
        "env": [
            {"name": name, "valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": path}}}
            for name, path in (("NODE_ADDRESS", "status.podIP"), ("NODE_NAME", "spec.nodeName"))
        ],
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        "livenessProbe": {**healthz, "failureThreshold": 3, "periodSeconds": 30, "timeoutSeconds": 5},
        "name": "tuner",
        "ports": [{"containerPort": port, "hostPort": port, "name": HTTP, "protocol": "TCP"}],
        "readinessProbe": {**healthz, "failureThreshold": 3, "periodSeconds": 10, "timeoutSeconds": 5},
        "resources": {"limits": RESOURCES, "requests": RESOURCES},
        "securityContext": {"privileged": True, "readOnlyRootFilesystem": True},
        "volumeMounts": [
            {"mountPath": FOLDER, "name": "profile", "readOnly": True},
            {"mountPath": JOURNAL, "name": "journal"},
        ],
    }
