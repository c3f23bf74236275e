"""The claim of a model server's own cache. It is never pruned: a model that was fetched stays while its server does."""

from __future__ import annotations

from parley_operator.render.model_subject import ModelSubject
from parley_operator.render.owner import Object


def volume_claim(subject: ModelSubject) -> Object | None:
    volume = subject.spec.cache.volume
    if volume is None:
        return None
    spec: Object = {
        "accessModes": [volume.access_mode],
        "resources": {"requests": {"storage": volume.size}},
    }
    if volume.storage_class_name is not None:
        spec["storageClassName"] = volume.storage_class_name
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": subject.metadata(),
        "spec": spec,
    }
