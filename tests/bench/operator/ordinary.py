"""An ordinary kopf operator, as kopf's own tutorial has one: a Deployment for each VoiceAgent, and `patch.status`.

Run by `kopf run`. Its handlers are those that people write (create, update, resume), and nothing in it is slower than
it need be: all is asynchronous, and the Deployment is applied in one request.
"""

from __future__ import annotations

import json
import os
from typing import Any

import kopf
from kubernetes_asyncio import config
from kubernetes_asyncio.client import ApiClient

_APPLY = {"Content-Type": "application/apply-patch+yaml", "Accept": "application/json"}

_state: dict[str, ApiClient] = {}


@kopf.on.startup()
async def start(settings: kopf.OperatorSettings, **_: Any) -> None:
    await config.load_kube_config(os.environ["KUBECONFIG"])
    _state["api"] = ApiClient()
    settings.posting.enabled = False
    settings.batching.worker_limit = 64


@kopf.on.cleanup()
async def stop(**_: Any) -> None:
    await _state["api"].close()


@kopf.on.create("parley.dev", "v1alpha1", "voiceagents")
@kopf.on.update("parley.dev", "v1alpha1", "voiceagents")
@kopf.on.resume("parley.dev", "v1alpha1", "voiceagents")
async def deploy(
    spec: kopf.Spec, name: str | None, namespace: str | None, patch: kopf.Patch, **_: Any
) -> None:
    deployment = _deployment(spec, str(name))
    kopf.adopt(deployment)
    path = f"/apis/apps/v1/namespaces/{namespace}/deployments/{name}-agent"
    made = await _state["api"].call_api(
        path,
        "PATCH",
        query_params=[("fieldManager", "ordinary"), ("force", "true")],
        header_params=dict(_APPLY),
        body=deployment,
        auth_settings=["BearerToken"],
        _preload_content=False,
    )
    ready = json.loads(await made.read()).get("status", {}).get("readyReplicas", 0)
    patch.status["readyReplicas"] = ready
    patch.status["image"] = "parley:latest"


def _deployment(spec: kopf.Spec, name: str) -> dict[str, Any]:
    labels = {"app": name}
    container = {
        "name": "agent",
        "image": "parley:latest",
        "args": ["run", "/etc/parley/agent.yaml", "--host", "0.0.0.0", "--port", "9011"],
        "resources": {"requests": {"cpu": "1", "memory": "2Gi"}, "limits": {"cpu": "1", "memory": "2Gi"}},
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": f"{name}-agent"},
        "spec": {
            "replicas": spec.get("replicas", 3),
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
        },
    }
