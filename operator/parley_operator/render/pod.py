"""The pod template: what an agent's process is given, and what it is not.

Rules: Guaranteed, so requests equal limits on every container, and whole CPUs are its own where the node's CPU manager
is static; no privilege, no token, nothing writable but its temporary files and logs. A call outlives a rollout: the
grace period is the longest call, and then some.
"""

from __future__ import annotations

from parley_operator import names
from parley_operator.render.agent_file import FILE, PORT
from parley_operator.render.network_policy import network_digest
from parley_operator.render.owner import Object
from parley_operator.render.scheduling import on_one_node, scheduling
from parley_operator.render.served import HTTP
from parley_operator.render.subject import Subject

CONTAINER = "agent"
MEDIA = "media"
"""Name of the port."""

FOLDER = "/etc/parley"
CA_FOLDER = "/etc/parley-ca"
CA_FILE = "ca.crt"
WRITABLE = {"tmp": "/tmp", "logs": "/var/log/parley"}

USER = 1000
POD_SECURITY: Object = {
    "fsGroup": USER,
    "fsGroupChangePolicy": "OnRootMismatch",
    "runAsGroup": USER,
    "runAsNonRoot": True,
    "runAsUser": USER,
    "seccompProfile": {"type": "RuntimeDefault"},
}
"""Of every pod that serves: Pod Security "restricted" takes it."""

ENDPOINTS_SECONDS = 5
"""For so long a pod that is to end still takes calls: until every kube-proxy and load balancer has let it go, new
callers arrive, and would be refused."""

BEYOND_THE_LONGEST_CALL_SECONDS = 30
"""Of the grace period: ENDPOINTS_SECONDS, the goodbye and the end of the engines."""


def pod_template(subject: Subject) -> Object:
    annotations = {
        names.AGENT_DIGEST: subject.file.digest,
        names.NETWORK_DIGEST: network_digest(subject),
    }
    if subject.knowledge:
        annotations[names.KNOWLEDGE_DIGEST] = subject.knowledge
    return {
        "metadata": {"annotations": annotations, "labels": names.labels(subject.name)},
        "spec": {
            **_placement(subject),
            "automountServiceAccountToken": False,
            "containers": [_container(subject)],
            # A Service's address would come as an environment variable, and variables are settings here.
            "enableServiceLinks": False,
            "restartPolicy": "Always",
            "securityContext": POD_SECURITY,
            "serviceAccountName": subject.child,
            "terminationGracePeriodSeconds": grace_seconds(subject),
            "volumes": _volumes(subject),
        },
    }


def grace_seconds(subject: Subject) -> int:
    return subject.spec.sessions.longest_call_seconds + BEYOND_THE_LONGEST_CALL_SECONDS


def _container(subject: Subject) -> Object:
    container: Object = {
        "args": ["run", f"{FOLDER}/{FILE}", "--host", "0.0.0.0", "--port", str(PORT)],
        "env": _environment(subject),
        "image": subject.image,
        "imagePullPolicy": "IfNotPresent",
        "lifecycle": {"preStop": {"sleep": {"seconds": ENDPOINTS_SECONDS}}},
        "livenessProbe": {
            "failureThreshold": 3,
            "httpGet": {"path": "/health", "port": HTTP},
            "periodSeconds": 30,
            "timeoutSeconds": 5,
        },
        "name": CONTAINER,
        "ports": _ports(subject),
        "readinessProbe": {
            "failureThreshold": 3,
            "httpGet": {"path": "/readyz", "port": HTTP},
            "periodSeconds": 1,
            "timeoutSeconds": 1,
        },
        "resources": _resources(subject),
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "readOnlyRootFilesystem": True,
        },
        "startupProbe": {
            "failureThreshold": 300,  # a model that is read from a slow disk
            "httpGet": {"path": "/healthz", "port": HTTP},
            "periodSeconds": 1,
            "timeoutSeconds": 1,
        },
        "volumeMounts": _mounts(subject),
    }
    if subject.spec.pods.environment_from:
        container["envFrom"] = [{"secretRef": {"name": name}} for name in subject.spec.pods.environment_from]
    return container


def _resources(subject: Subject) -> Object:
    """Requests equal limits: the one thing that makes a pod Guaranteed."""
    wanted = subject.spec.placement.resources
    return {kind: {"cpu": wanted.cpu, "memory": wanted.memory} for kind in ("limits", "requests")}


def _environment(subject: Subject) -> list[Object]:
    """In force before envFrom: a Secret of keys can't change how a pod drains."""
    proxy, authorities = subject.spec.pods.proxy, subject.spec.pods.ca_config_map
    values = {
        "HTTPS_PROXY": proxy.https,
        "HTTP_PROXY": proxy.http,
        "NO_PROXY": proxy.none,
        "PARLEY_DRAIN_SECONDS": str(subject.spec.sessions.longest_call_seconds),
        "PARLEY_TRUST_ENVIRONMENT": "true" if proxy.http or proxy.https or authorities else "",
        "SSL_CERT_FILE": f"{CA_FOLDER}/{CA_FILE}" if authorities else "",
    }
    environment: list[Object] = [{"name": name, "value": value} for name, value in values.items() if value]
    if subject.host_port:
        # Callers reach the node: the pod has to say the node's address, which it can't see from inside.
        node = {"fieldRef": {"apiVersion": "v1", "fieldPath": "status.hostIP"}}
        environment.append({"name": "PARLEY_MEDIA_ADDRESS", "valueFrom": node})
    turn = subject.spec.media.reach.turn
    if turn is not None:
        environment.append({"name": "PARLEY_TURN_URIS", "value": " ".join(turn.uris)})
        for name, key in (("PARLEY_TURN_USERNAME", "username"), ("PARLEY_TURN_CREDENTIAL", "credential")):
            secret = {"secretKeyRef": {"key": key, "name": turn.secret_name}}
            environment.append({"name": name, "valueFrom": secret})
    return environment


def _ports(subject: Subject) -> list[Object]:
    ports: list[Object] = [{"containerPort": PORT, "name": HTTP, "protocol": "TCP"}]
    if subject.host_port:
        port = subject.host_port
        ports.append({"containerPort": port, "hostPort": port, "name": MEDIA, "protocol": "UDP"})
    return ports


def _placement(subject: Subject) -> Object:
    spec = scheduling(subject, subject.spec.placement, subject.spec.pods.pull_secrets)
    if subject.host_port:
        # The port alone does that where the scheduler knows it; this holds for pods of an earlier port as well.
        apart = on_one_node(subject)
        spec["affinity"] = {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [apart]}}
    return spec


def _volumes(subject: Subject) -> list[Object]:
    file = names.by_content(subject.name, subject.file.digest)
    volumes: list[Object] = [{"configMap": {"name": file}, "name": "agent"}]
    volumes += [{"emptyDir": {"sizeLimit": "1Gi"}, "name": name} for name in WRITABLE]
    volumes += [
        {"configMap": {"name": folder}, "name": volume} for volume, folder in _knowledge(subject).items()
    ]
    if subject.spec.pods.ca_config_map:
        items = [{"key": CA_FILE, "path": CA_FILE}]
        volumes.append({"configMap": {"items": items, "name": subject.spec.pods.ca_config_map}, "name": "ca"})
    return volumes


def _mounts(subject: Subject) -> list[Object]:
    """The file by itself, so that the folders of its knowledge can be mounted beside it: nothing can be mounted within
    a ConfigMap's folder, which is read-only. The file never changes under a pod, as another content has another name.
    """
    mounts: list[Object] = [
        {"mountPath": f"{FOLDER}/{FILE}", "name": "agent", "readOnly": True, "subPath": FILE},
        *({"mountPath": path, "name": name} for name, path in WRITABLE.items()),
    ]
    mounts += [
        {"mountPath": f"{FOLDER}/{folder}", "name": volume, "readOnly": True}
        for volume, folder in _knowledge(subject).items()
    ]
    if subject.spec.pods.ca_config_map:
        mounts.append({"mountPath": CA_FOLDER, "name": "ca", "readOnly": True})
    return mounts


def _knowledge(subject: Subject) -> dict[str, str]:
    """Volume -> ConfigMap, which on a laptop is the folder of that name beside the file."""
    named = (entry.config_map.name for entry in subject.spec.conversation.knowledge if entry.config_map)
    return {f"knowledge-{number}": name for number, name in enumerate(dict.fromkeys(named))}
