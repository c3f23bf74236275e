"""The pod template of a model server: what vLLM is given, and what it is not.

Rules: Guaranteed, so requests equal limits; no privilege, no token, nothing writable but the cache and what passes with
the pod. Nothing is told to anybody outside. It counts as started once the model is loaded; on its way out it finishes
its answers. The image is vLLM's own, which knows no user 1000: what it writes to its home goes to /tmp.
"""

from __future__ import annotations

from parley_operator import names
from parley_operator.render.model_subject import PORT, ModelSubject
from parley_operator.render.owner import Object
from parley_operator.render.pod import CA_FILE, CA_FOLDER, ENDPOINTS_SECONDS, POD_SECURITY
from parley_operator.render.scheduling import on_one_node, scheduling
from parley_operator.render.served import HTTP
from parley_operator.render.vllm_command import COMMAND, arguments

CONTAINER = "model"
MODELS = "/models"
"""Where the cache is: what is fetched goes there, and a model that is a path begins with it."""

TEMPORARY = "/tmp"
SHARED_MEMORY = "/dev/shm"

END_SECONDS = 25
"""Of the grace period, after the last answer: for the engine to let go of its GPUs."""

STARTUP_PERIOD_SECONDS = 5


def model_pod_template(subject: ModelSubject) -> Object:
    pods = subject.spec.pods
    spec: Object = {
        **scheduling(subject, subject.spec.placement, pods.pull_secrets),
        "automountServiceAccountToken": False,
        "containers": [_container(subject)],
        # A Service that is called vllm would set VLLM_PORT, which vLLM takes for its own.
        "enableServiceLinks": False,
        "restartPolicy": "Always",
        "securityContext": POD_SECURITY,
        "serviceAccountName": subject.child,
        "terminationGracePeriodSeconds": grace_seconds(subject),
        "volumes": _volumes(subject),
    }
    volume = subject.spec.cache.volume
    if volume is not None and volume.access_mode == "ReadWriteOnce":
        # The one that takes over has to have the volume while the other still does, and one node alone can.
        together = on_one_node(subject)
        spec["affinity"] = {"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [together]}}
    return {"metadata": {"annotations": {}, "labels": names.model_labels(subject.name)}, "spec": spec}


def grace_seconds(subject: ModelSubject) -> int:
    return ENDPOINTS_SECONDS + subject.spec.drain_seconds + END_SECONDS


def _container(subject: ModelSubject) -> Object:
    health = {"httpGet": {"path": "/health", "port": HTTP}, "timeoutSeconds": 5}
    container: Object = {
        "args": arguments(subject),
        "command": COMMAND,
        "env": _environment(subject),
        "image": subject.image,
        "imagePullPolicy": "IfNotPresent",
        "lifecycle": {"preStop": {"sleep": {"seconds": ENDPOINTS_SECONDS}}},
        "livenessProbe": {**health, "failureThreshold": 3, "periodSeconds": 30},
        "name": CONTAINER,
        "ports": [{"containerPort": PORT, "name": HTTP, "protocol": "TCP"}],
        "readinessProbe": {**health, "failureThreshold": 3, "periodSeconds": 2},
        "resources": _resources(subject),
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "readOnlyRootFilesystem": True,
        },
        "startupProbe": {
            **health,
            "failureThreshold": -(-subject.spec.startup_seconds // STARTUP_PERIOD_SECONDS),
            "periodSeconds": STARTUP_PERIOD_SECONDS,
        },
        "volumeMounts": _mounts(subject),
    }
    if subject.spec.pods.environment_from:
        container["envFrom"] = [{"secretRef": {"name": name}} for name in subject.spec.pods.environment_from]
    return container


def _resources(subject: ModelSubject) -> Object:
    """Requests equal limits, which Kubernetes asks of GPUs anyway."""
    wanted = subject.spec.placement.resources
    one = {"cpu": wanted.cpu, "memory": wanted.memory}
    gpus = subject.spec.gpus
    if gpus is not None and gpus.count:
        one[gpus.resource] = str(gpus.count)
    return {kind: dict(one) for kind in ("limits", "requests")}


def _environment(subject: ModelSubject) -> list[Object]:
    """In force before envFrom."""
    proxy, authorities = subject.spec.pods.proxy, subject.spec.pods.ca_config_map
    certificates = f"{CA_FOLDER}/{CA_FILE}" if authorities else ""
    offline = "" if subject.fetches else "1"
    values = {
        "DO_NOT_TRACK": "1",
        "HF_HOME": MODELS,
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "HF_HUB_OFFLINE": offline,
        "HOME": TEMPORARY,
        "HTTPS_PROXY": proxy.https,
        "HTTP_PROXY": proxy.http,
        "NO_PROXY": proxy.none,
        "REQUESTS_CA_BUNDLE": certificates,
        "SSL_CERT_FILE": certificates,
        "TRANSFORMERS_OFFLINE": offline,
        "USER": CONTAINER,  # no line of /etc/passwd has user 1000, and PyTorch asks for its name
        "VLLM_NO_USAGE_STATS": "1",
    }
    environment: list[Object] = [{"name": name, "value": value} for name, value in values.items() if value]
    token = subject.spec.credentials
    if token is not None:
        secret = {"secretKeyRef": {"key": token.key, "name": token.name}}
        environment.append({"name": "HF_TOKEN", "valueFrom": secret})
    return environment


def _volumes(subject: ModelSubject) -> list[Object]:
    volumes: list[Object] = [
        {**_cache(subject), "name": "models"},
        {"emptyDir": {"medium": "Memory", "sizeLimit": subject.spec.shared_memory}, "name": "shared-memory"},
        {"emptyDir": {"sizeLimit": "10Gi"}, "name": "tmp"},
    ]
    if subject.spec.pods.ca_config_map:
        items = [{"key": CA_FILE, "path": CA_FILE}]
        volumes.append({"configMap": {"items": items, "name": subject.spec.pods.ca_config_map}, "name": "ca"})
    return volumes


def _cache(subject: ModelSubject) -> Object:
    cache = subject.spec.cache
    if cache.empty_dir is not None:
        return {"emptyDir": {"sizeLimit": cache.empty_dir.size_limit}}
    theirs = cache.persistent_volume_claim
    return {
        "persistentVolumeClaim": {"claimName": theirs.claim_name if theirs is not None else subject.child}
    }


def _mounts(subject: ModelSubject) -> list[Object]:
    mounts: list[Object] = [
        {"mountPath": MODELS, "name": "models"},
        {"mountPath": SHARED_MEMORY, "name": "shared-memory"},
        {"mountPath": TEMPORARY, "name": "tmp"},
    ]
    if subject.spec.pods.ca_config_map:
        mounts.append({"mountPath": CA_FOLDER, "name": "ca", "readOnly": True})
    return mounts
