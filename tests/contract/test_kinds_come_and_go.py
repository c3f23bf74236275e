"""An operator that is older than the kind's CRD works once it is there, and again after it was taken away."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from parley_operator.kinds import AGENTS, Kind
from parley_operator.plan.plan import Object
from parley_operator.primaries import Watch
from tests.contract.operator_process import install
from tests.contract.others import optional_kind
from tests.contract.replica import Replica, until
from tests.controlplane.control_plane import ControlPlane
from tests.controlplane.kubectl import Kubectl
from tests.server import ROOT
from tests.unit.parley_operator.garden import GARDENS

CRD, TENANT = "voiceagents.parley.dev", "early"


@pytest.fixture(scope="module")
def plane() -> Iterator[ControlPlane]:
    """Without the CRD."""
    with ControlPlane() as plane:
        install(plane)
        plane.kubectl("delete", "crd", CRD)
        plane.kubectl("create", "namespace", TENANT)
        yield plane


def agent(name: str) -> dict[str, Any]:
    return {
        "apiVersion": "parley.dev/v1alpha1",
        "kind": "VoiceAgent",
        "metadata": {"name": name},
        "spec": {"conversation": {"instructions": "Be brief."}},
    }


def serve_the_kind(kubectl: Kubectl) -> None:
    kubectl("apply", "--server-side", f"--filename={ROOT / 'crds/voiceagent.yaml'}")
    kubectl.established(CRD)


def has_a_status(kubectl: Kubectl, name: str) -> bool:
    return "status" in kubectl.json("get", "voiceagent", name)


def test_an_operator_that_is_there_before_the_kind_watches_it_once_it_comes_and_when_it_comes_again(
    plane: ControlPlane, account: Path, tmp_path: Path
) -> None:
    kubectl = plane.kubectl.inside(TENANT)
    with Replica(account, tmp_path / "operator.log") as operator:
        until("it leads, and has nothing to do", operator.leads)
        assert operator.figure("parley_operator_synced") == 1
        for name in ("first", "again"):
            serve_the_kind(plane.kubectl)
            kubectl.apply(agent(name))
            until("it was found", lambda name=name: has_a_status(kubectl, name), 20)  # type: ignore[misc]
            kubectl.apply(agent(f"{name}-next"))
            # Not by a list, of which there is one at every resync.
            until("it is watched", lambda name=name: has_a_status(kubectl, f"{name}-next"), 10)  # type: ignore[misc]
            plane.kubectl("delete", "crd", CRD)
        assert operator.ended() is None


def test_one_operator_of_kopfs_watches_kinds_of_a_namespace_and_of_the_cluster_and_those_that_come_later(
    plane: ControlPlane, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KUBECONFIG", str(plane.kubeconfig))
    serve_the_kind(plane.kubectl)
    kubectl = plane.kubectl.inside(TENANT)
    kinds: list[Kind] = [AGENTS]
    seen: list[tuple[str, str]] = []

    def take(kind: Kind, what: str | None, obj: Object) -> None:
        seen.append((kind.name, obj["metadata"]["name"]))

    async def sees(kind: str, name: str) -> None:
        async with asyncio.timeout(20):
            while (kind, name) not in seen:
                await asyncio.sleep(0.1)

    async def main() -> None:
        async def served() -> list[Kind]:
            return list(kinds)

        watch = Watch(take, served, TENANT)
        running = asyncio.create_task(watch.run())
        await asyncio.to_thread(kubectl.apply, agent("before"))
        await sees("VoiceAgent", "before")
        await asyncio.to_thread(plane.kubectl.apply, optional_kind(GARDENS))
        await asyncio.to_thread(plane.kubectl.established, f"{GARDENS.plural}.example.com")
        kinds.append(GARDENS)
        watch.again()
        garden = {"apiVersion": GARDENS.api_version, "kind": "Garden", "metadata": {"name": "eden"}}
        await asyncio.to_thread(plane.kubectl.apply, garden)
        await sees("Garden", "eden")
        await asyncio.to_thread(kubectl.apply, agent("after"))
        await sees("VoiceAgent", "after")
        running.cancel()

    asyncio.run(main())
