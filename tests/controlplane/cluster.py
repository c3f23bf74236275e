"""Owns the choice between a control plane of our own and a cluster that the environment names."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tests.controlplane import existing
from tests.controlplane.build import Times
from tests.controlplane.control_plane import ControlPlane
from tests.controlplane.existing import ExistingCluster

Cluster = ControlPlane | ExistingCluster


@contextmanager
def opened(nodes: int, times: Times | None = None) -> Iterator[Cluster]:
    """The one that PARLEY_KUBECONFIG names, as it is; otherwise our own, with fake nodes."""
    if (administrator := existing.named()) is not None:
        with ExistingCluster(administrator) as found:
            yield found
        return
    with ControlPlane(kwok=nodes > 0, times=times) as plane:
        with plane.times.of(f"{nodes} fake nodes"):
            plane.add_nodes(nodes)
        yield plane
