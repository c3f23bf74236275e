"""Owns the ModelServer that contract tests apply: one that needs no GPU, for their nodes have none."""

from __future__ import annotations

from typing import Any

from tests.controlplane.kubectl import Manifest


def model_server(name: str, namespace: str, **spec: Any) -> Manifest:
    """`spec` is added to what it has, or takes its place."""
    return {
        "apiVersion": "parley.dev/v1alpha1",
        "kind": "ModelServer",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {
            "engine": {"vllm": {"model": "org/small"}},
            "gpus": {"count": 0},
            "pods": {"image": "example.com/vllm:1"},
            "placement": {"resources": {"cpu": "100m", "memory": "64Mi"}},
            "sharedMemory": "32Mi",
            **spec,
        },
    }
