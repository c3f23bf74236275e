"""The ConfigMap with the agent's file: immutable, and another one for every content."""

from __future__ import annotations

from parley_operator import names
from parley_operator.render.agent_file import FILE
from parley_operator.render.owner import Object
from parley_operator.render.subject import Subject


def config_map(subject: Subject) -> Object:
    file = subject.file
    return {
        "apiVersion": "v1",
        "data": {FILE: file.text},
        "immutable": True,  # the kubelet need not watch it, and nobody can change what a pod believes to run
        "kind": "ConfigMap",
        "metadata": subject.metadata(
            names.by_content(subject.name, file.digest), {names.AGENT_DIGEST: file.digest}
        ),
    }
