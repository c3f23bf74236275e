"""Where a model server keeps the models that it has fetched."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from parley_api.metadata import ObjectName
from parley_api.model import Model, OneOf
from parley_api.quantities import Storage


class Volume(Model):
    """A PersistentVolumeClaim that is made for the model server, and kept until it is deleted."""

    size: Storage = Field(description="Size of the volume.")
    storage_class_name: ObjectName | None = Field(
        default=None, description="StorageClass; unless set, the cluster's default."
    )
    access_mode: Literal["ReadWriteMany", "ReadWriteOnce"] = Field(
        default="ReadWriteMany", description="ReadWriteMany: pods on several nodes have it at the same time."
    )


class PersistentVolumeClaim(Model):
    """A PersistentVolumeClaim that is there already."""

    claim_name: ObjectName = Field(description="Name of the claim, in the model server's namespace.")


class EmptyDir(Model):
    """A folder of the pod, which ends with it: each pod fetches the model again."""

    size_limit: Storage = Field(default="50Gi", description="How much may be in it.")


class Cache(OneOf):
    """Where models are kept: exactly one member."""

    empty_dir: EmptyDir | None = Field(default=None, description="A folder of each pod.")
    volume: Volume | None = Field(default=None, description="A claim of its own.")
    persistent_volume_claim: PersistentVolumeClaim | None = Field(
        default=None, description="A claim that is there already."
    )
