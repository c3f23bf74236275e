"""Whose an object is: its owner reference and its labels, the same for all that one owner has."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

Object = dict[str, Any]


def without_owner(obj: Object) -> Object:
    """Kept by nobody's garbage collector: `kubectl delete --cascade=foreground` would take it before its owner goes."""
    metadata = {name: value for name, value in obj["metadata"].items() if name != "ownerReferences"}
    return {**obj, "metadata": metadata}


@dataclass(frozen=True, slots=True)
class Owner:
    """`namespace` is "" for what is of the whole cluster, which may own objects in any namespace."""

    api_version: str
    kind: str
    name: str
    namespace: str
    uid: str
    labels: dict[str, str] = field(default_factory=dict)
    """Of all that it owns."""

    @classmethod
    def of(cls, obj: Object, labels: dict[str, str]) -> Owner:
        """`obj` as the API server has it."""
        metadata = obj["metadata"]
        namespace = metadata.get("namespace", "")
        return cls(obj["apiVersion"], obj["kind"], metadata["name"], namespace, metadata["uid"], labels)

    def metadata(self, name: str, namespace: str = "", annotations: dict[str, str] | None = None) -> Object:
        """Of an object of its, in `namespace` or in its own. It goes with the owner: the garbage collector needs no
        finalizer.
        """
        metadata: Object = {
            "labels": self.labels,
            "name": name,
            "ownerReferences": [
                {
                    "apiVersion": self.api_version,
                    "blockOwnerDeletion": True,
                    "controller": True,
                    "kind": self.kind,
                    "name": self.name,
                    "uid": self.uid,
                }
            ],
        }
        if namespace or self.namespace:
            metadata["namespace"] = namespace or self.namespace
        if annotations:
            metadata["annotations"] = annotations
        return metadata
