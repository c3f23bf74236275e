"""The stages in which things go wrong: crashes under churn and faults, frozen leaders, an upgrade of the operator.

crashes  the operator is killed again and again while agents come and go and the API server fails some requests:
         the end state must be that of a calm run
frozen   of two operators the leader is stopped, and woken after the other has taken over, if the kernel has not ended
         it by then: nothing that it asks for may come after its deadline
upgrade  a new operator renders other pods: so many agents roll at once, and pinned ones do not
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import signal
import subprocess
import time
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from kubernetes_asyncio import client

from tests.bench.figures import percentile
from tests.bench.operator import churn, fleet, world
from tests.bench.operator.faults import Faults, proxy
from tests.bench.operator.stages import LONGEST_SECS, PROBE_PORT, Sample, administrator
from tests.bench.operator.world import Operator
from tests.controlplane.audit import AuditEvent
from tests.controlplane.control_plane import ControlPlane

CHURN_SECS = 0.1
LEASE_SECS = 10.0
DEADLINE_SECS = 0.7 * LEASE_SECS
"""As parley_operator's settings have it: a holder writes nothing when its last renewal was longer ago."""


async def crashes(agents: int, kills: int, chance: random.Random) -> list[Sample]:
    with world.local_addresses():
        with world.control_plane() as plane, world.stand_in(plane):
            async with administrator(plane) as api:
                await fleet.make_namespaces(api)
                changing = churn.Churn(api, agents, random.Random(chance.random()))
                faults = Faults(random.Random(chance.random()))
                await _crashing(plane, changing, faults, kills, chance)
                stormy = churn.end_state(plane.kubectl)
        with world.control_plane() as plane, world.stand_in(plane):
            async with administrator(plane) as api:
                await fleet.make_namespaces(api)
                again = churn.Churn(api, agents, chance)
                again.wanted = changing.wanted
                operator = Operator(plane, PROBE_PORT)
                with operator.run():
                    await again.make_all()
                    await _settled(operator, api, len(again.wanted))
                    calm = churn.end_state(plane.kubectl)
    return [
        {
            "figure": "crashes",
            "kills": kills,
            "steps": changing.steps,
            "faults": dict(faults.made),
            "agents": len(changing.wanted),
            "objects": len(calm),
            "differences": churn.differences(stormy, calm),
            "leftovers": churn.leftovers(stormy),
        }
    ]


async def _crashing(
    plane: ControlPlane, changing: churn.Churn, faults: Faults, kills: int, chance: random.Random
) -> None:
    kubeconfig = plane.user(world.USER, "system:masters")
    async with proxy(kubeconfig, faults, plane.folder) as through, administrator(plane) as api:
        operator = Operator(plane, PROBE_PORT, kubeconfig=through, LEASE_SECONDS="3")
        working = asyncio.create_task(changing.run(CHURN_SECS))
        try:
            for _ in range(kills):
                with operator.run() as running:
                    await asyncio.sleep(chance.uniform(0.5, 8.0))
                    running.process.kill()
                    await asyncio.to_thread(running.process.wait)
        finally:
            working.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await working
        faults.is_on = False
        with operator.run():
            await _settled(operator, api, len(changing.wanted))


async def _settled(operator: Operator, api: client.ApiClient, agents: int) -> None:
    """All agents are Ready or scaled to zero, and nothing waits; then what is written late has been written."""
    began = time.monotonic()
    while time.monotonic() - began < LONGEST_SECS:
        await operator.until_quiet(agents, LONGEST_SECS)
        found = await client.CustomObjectsApi(api).list_cluster_custom_object(
            fleet.GROUP, fleet.VERSION, fleet.PLURAL
        )
        if all(map(fleet.is_ready, found["items"])):
            await asyncio.sleep(45)
            return
        await asyncio.sleep(1)
    raise TimeoutError("not every agent became Ready")


async def frozen(agents: int, times: int, chance: random.Random) -> list[Sample]:
    with world.local_addresses(), world.control_plane() as plane, world.stand_in(plane):
        async with administrator(plane) as api:
            await fleet.make_namespaces(api)
            changing = churn.Churn(api, agents, random.Random(chance.random()))
            users = ("operator-a", "operator-b")
            both = {
                user: Operator(
                    plane, PROBE_PORT + at, user=user, OPERATOR_IDENTITY=user, LEASE_SECONDS=str(LEASE_SECS)
                )
                for at, user in enumerate(users)
            }
            log = plane.audit.from_now()
            working = asyncio.create_task(changing.run(CHURN_SECS))
            took, killed = [], 0
            with contextlib.ExitStack() as stack:
                running = {user: stack.enter_context(operator.run()) for user, operator in both.items()}
                for _ in range(times):
                    leader = await _held_by_other(api, "")
                    await asyncio.sleep(chance.uniform(1, 4))
                    running[leader].process.send_signal(signal.SIGSTOP)
                    began = time.monotonic()
                    await _held_by_other(api, leader)
                    took.append(time.monotonic() - began)
                    await asyncio.sleep(chance.uniform(0, 3))
                    running[leader].process.send_signal(signal.SIGCONT)
                    # One that does not end had not been frozen for long enough.
                    with contextlib.suppress(subprocess.TimeoutExpired):
                        await asyncio.to_thread(running[leader].process.wait, 10)
                    if running[leader].process.poll() is not None:
                        killed += running[leader].process.returncode == -signal.SIGKILL
                        running[leader] = stack.enter_context(both[leader].run())
            working.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await working
            late = [event for user in users for event in late_writes(log.writes(user))]
            made = sum(event.resource != "leases" for user in users for event in log.writes(user))
    return [
        {
            "figure": "frozen",
            "seconds": took,
            "killed": killed,
            "writes": made,
            "late": [e.uri for e in late],
        }
    ]


def late_writes(events: Sequence[AuditEvent]) -> list[AuditEvent]:
    """Of one user's writes those that began when its last renewal of the Lease was longer ago than the deadline."""
    renewed = sorted(e.received for e in events if e.resource == "leases" and e.code < 300)
    late = []
    for event in events:
        before = [at for at in renewed if at <= event.received]
        if event.resource != "leases" and (
            not before or event.received - before[-1] > timedelta(seconds=DEADLINE_SECS)
        ):
            late.append(event)
    return late


async def _held_by_other(api: client.ApiClient, than: str) -> str:
    """Who holds the Lease, as soon as it is somebody other than that; TimeoutError after a minute."""
    leases = client.CoordinationV1Api(api)
    began = time.monotonic()
    while time.monotonic() - began < 60:
        with contextlib.suppress(client.ApiException):
            lease = await leases.read_namespaced_lease("parley-operator", "parley-system")
            holder: str = lease.spec.holder_identity or ""
            if holder and holder != than:
                return holder
        await asyncio.sleep(0.05)
    raise TimeoutError(f"nobody but {than or 'nobody'} holds the Lease")


async def upgrade(agents: int, at_once: int, chance: random.Random) -> list[Sample]:
    pinned = set(chance.sample(range(agents), agents // 10))
    with world.local_addresses(), world.control_plane() as plane, world.stand_in(plane):
        async with administrator(plane) as api:
            await fleet.make_namespaces(api)
            objects = client.CustomObjectsApi(api)
            for number in range(agents):
                manifest = fleet.manifest(number, 1)
                if number in pinned:
                    manifest["spec"]["pods"] = {"image": "parley:pinned"}
                await objects.create_namespaced_custom_object(
                    fleet.GROUP, fleet.VERSION, fleet.namespace(number), fleet.PLURAL, manifest
                )
            first = Operator(plane, PROBE_PORT, DATAPLANE_IMAGE="parley:1", ROLL_AT_ONCE=str(at_once))
            with first.run():
                await _settled(first, api, agents)
            second = Operator(plane, PROBE_PORT, DATAPLANE_IMAGE="parley:2", ROLL_AT_ONCE=str(at_once))
            began, most = time.monotonic(), 0
            apps = client.AppsV1Api(api)
            with second.run():
                while time.monotonic() - began < LONGEST_SECS:
                    found = (await apps.list_deployment_for_all_namespaces()).items
                    most = max(most, sum(map(_is_rolling, found)))
                    if not any(_image(one) == "parley:1" for one in found) and not any(
                        map(_is_rolling, found)
                    ):
                        break
                    await asyncio.sleep(0.1)
            images = {one.metadata.name: _image(one) for one in found}
            kept = sum(image == "parley:pinned" for image in images.values())
            generations = [one.metadata.generation for one in found if _image(one) == "parley:pinned"]
    return [
        {
            "figure": "upgrade",
            "agents": agents,
            "at_once": at_once,
            "most": most,
            "seconds": time.monotonic() - began,
            "upgraded": sum(image == "parley:2" for image in images.values()),
            "pinned": len(pinned),
            "kept": kept,
            "touched": sum(generation > 1 for generation in generations),
        }
    ]


def _is_rolling(deployment: Any) -> bool:
    status, wanted = deployment.status, deployment.spec.replicas
    return (
        (status.observed_generation or 0) < deployment.metadata.generation
        or (status.updated_replicas or 0) < wanted
        or (status.replicas or 0) > wanted
        or (status.available_replicas or 0) < wanted
    )


def _image(deployment: Any) -> str:
    image: str = deployment.spec.template.spec.containers[0].image
    return image


def lines(sample: Sample) -> list[str]:
    """Of one sample of these stages; none of others."""
    match sample["figure"]:
        case "crashes":
            faults = ", ".join(f"{count} x {name}" for name, count in sorted(sample["faults"].items()))
            out = [
                f"killed {sample['kills']} times during {sample['steps']} changes and {faults}: of"
                f" {sample['objects']} objects of {sample['agents']} agents"
                f" {len(sample['differences'])} differences from a calm run, {len(sample['leftovers'])} leftovers"
            ]
            return out + sample["differences"][:10] + sample["leftovers"][:10]
        case "frozen":
            p50, p95, worst = (percentile(sample["seconds"], p) for p in (50, 95, 100))
            return [
                f"frozen {len(sample['seconds'])} times: taken over after p50 / p95 / most {p50:.1f} / {p95:.1f} /"
                f" {worst:.1f} s; {sample['killed']} ended by the kernel;"
                f" of {sample['writes']} writes {len(sample['late'])} began after the writer's deadline"
            ]
        case "upgrade":
            return [
                f"{sample['agents']} agents: {sample['upgraded']} upgraded in {sample['seconds']:.0f} s, at most"
                f" {sample['most']} at once (allowed {sample['at_once']}); of {sample['pinned']} pinned ones"
                f" {sample['kept']} kept their image, {sample['touched']} were touched"
            ]
    return []
