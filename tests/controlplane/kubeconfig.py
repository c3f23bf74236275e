"""Owns kubeconfig files: each is one user at one API server, with the keys inside, so that the file alone is enough."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import yaml

from tests.controlplane.certificates import Pair


def written(path: Path, server: str, authority: bytes, user: Pair) -> Path:
    """The file, for its owner's eyes alone."""
    kubeconfig = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "parley",
        "contexts": [{"name": "parley", "context": {"cluster": "parley", "user": "parley"}}],
        "clusters": [
            {"name": "parley", "cluster": {"server": server, "certificate-authority-data": _text(authority)}}
        ],
        "users": [
            {
                "name": "parley",
                "user": {
                    "client-certificate-data": _text(user.certificate),
                    "client-key-data": _text(user.key),
                },
            }
        ],
    }
    path.touch(mode=0o600)
    path.write_text(yaml.safe_dump(kubeconfig, sort_keys=False))
    return path


def server_and_authority(kubeconfig: dict[str, Any]) -> tuple[str, bytes]:
    """Of its current context; `kubectl config view --raw --flatten --minify` writes such a file."""
    [cluster] = [entry["cluster"] for entry in kubeconfig["clusters"]]
    return cluster["server"], base64.b64decode(cluster["certificate-authority-data"])


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()
