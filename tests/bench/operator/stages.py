"""The stages that measure: each on a control plane of its own, from raw samples to lines of a table.

    made      N agents at once -> until each is Ready; then a resync, and a restart: what is written
    large     the same number times ten, scaled to zero; then one change after the other
    ordinary  the first, by an ordinary kopf operator

A write is what the API server's audit log says that the operator's user asked for, its Lease aside.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import datetime
from typing import Any

from kubernetes_asyncio import client, config

from tests.bench.figures import percentile
from tests.bench.operator import fleet, world
from tests.bench.operator.world import Operator, Program
from tests.bench.summary import row
from tests.controlplane.audit import AuditEvent, AuditLog
from tests.controlplane.control_plane import ControlPlane

Sample = dict[str, Any]

RESYNC_SECS = 60
LONGEST_SECS = 3600
PROBE_PORT = 18_080


async def made(agents: int, replicas: int) -> list[Sample]:
    with world.local_addresses(), world.control_plane() as plane, world.stand_in(plane):
        operator = Operator(plane, PROBE_PORT, RESYNC_SECONDS=str(RESYNC_SECS))
        samples: list[Sample] = []
        async with administrator(plane) as api:
            await fleet.make_namespaces(api)
            with operator.run() as running:
                await operator.until_quiet(0, 60)
                samples += await _ready(api, plane, agents, replicas, world.USER)
                samples.append(memory("after they were made", running))
                samples.append(await resync(operator, plane, agents))
            samples += await restart(operator, plane, agents)
        return samples


async def large(agents: int, changes: int, chance: random.Random) -> list[Sample]:
    with world.control_plane() as plane:  # scaled to zero there is no pod to answer for
        operator = Operator(plane, PROBE_PORT, RESYNC_SECONDS=str(4 * RESYNC_SECS))
        samples: list[Sample] = []
        async with administrator(plane) as api:
            await fleet.make_namespaces(api)
            with operator.run() as running:
                await operator.until_quiet(0, 60)
                samples += await _ready(api, plane, agents, 0, world.USER)
                samples.append(memory("after they were made", running))
                samples.append(await resync(operator, plane, agents, 4 * RESYNC_SECS))
                samples += await _changes(api, plane, chance.sample(range(agents), min(changes, agents)))
            samples += await restart(operator, plane, agents)
        return samples


async def ordinary(agents: int) -> list[Sample]:
    with world.local_addresses(), world.control_plane() as plane:
        samples: list[Sample] = []
        async with administrator(plane) as api:
            await fleet.make_namespaces(api)
            with world.ordinary(plane) as running:
                log = plane.audit.from_now()
                began = time.monotonic()
                await fleet.make(api, range(agents), 3)
                await _until_still(log, world.ORDINARY, agents)
                samples.append(
                    writes("made", agents, log, world.ORDINARY) | {"seconds": _last_write(log, began)}
                )
                samples.append(memory("after they were made", running))
            log, began = plane.audit.from_now(), time.monotonic()
            with world.ordinary(plane) as running:
                await _until_still(log, world.ORDINARY, 1)
                samples.append(
                    writes("restart", agents, log, world.ORDINARY) | {"seconds": _last_write(log, began)}
                )
                samples.append(memory("after a restart", running))
        return samples


async def _ready(
    api: client.ApiClient, plane: ControlPlane, agents: int, replicas: int, user: str
) -> list[Sample]:
    """All of them applied at once: each one's time from when it was there until it said Ready."""
    log, seen = plane.audit.from_now(), fleet.Readiness()
    following = asyncio.create_task(fleet.follow(api, fleet.PLURAL, seen.take))
    began = time.monotonic()
    try:
        await fleet.make(api, range(agents), replicas)
        applied = time.monotonic() - began
        while len(seen.ready) < agents:
            if following.done():
                following.result()
            if time.monotonic() - began > LONGEST_SECS:
                raise TimeoutError(f"{len(seen.ready)} of {agents} are Ready after {LONGEST_SECS} s")
            await asyncio.sleep(0.2)
        all_ready = time.monotonic() - began
    finally:
        following.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await following
    times = [seen.ready[name] - seen.seen[name] for name in seen.ready]
    return [
        {"figure": "ready", "agents": agents, "applied": applied, "all": all_ready, "seconds": times},
        writes("made", agents, log, user),
    ]


async def resync(operator: Operator, plane: ControlPlane, agents: int, secs: float = RESYNC_SECS) -> Sample:
    """Every agent is looked at again, and nothing is written."""
    await operator.until_quiet(0, LONGEST_SECS)
    await asyncio.sleep(2 * 30)  # numbers of calls are written every 30 s at most: let them be
    log, before = plane.audit.from_now(), operator.total("parley_operator_reconciles_total")
    began = time.monotonic()
    await operator.until_quiet(before + agents, LONGEST_SECS)
    return writes("resync", agents, log, world.USER) | {"seconds": time.monotonic() - began}


async def restart(operator: Operator, plane: ControlPlane, agents: int) -> list[Sample]:
    log = plane.audit.from_now()
    began = time.monotonic()
    with operator.run() as running:
        await operator.until_quiet(agents, LONGEST_SECS)
        secs = time.monotonic() - began
        await asyncio.sleep(45)  # what is written late is written too
        return [
            writes("restart", agents, log, world.USER) | {"seconds": secs},
            memory("after a restart", running),
        ]


async def _changes(api: client.ApiClient, plane: ControlPlane, numbers: Sequence[int]) -> list[Sample]:
    """One agent after the other is changed: from its own patch to its Deployment's, by the API server's clock."""
    log = plane.audit.from_now()
    for number in numbers:
        await fleet.change(api, number, f"Changed at {time.time_ns()}.")
        await asyncio.sleep(0.5)
    await asyncio.sleep(5)
    samples: list[Sample] = []
    for number in numbers:
        asked = _first(log.writes(resource="voiceagents"), fleet.name(number), after=None, not_by=world.USER)
        done = asked and _first(
            log.writes(world.USER, "deployments"), fleet.name(number), after=asked.received
        )
        if asked is None or done is None:
            samples.append({"figure": "lost", "agent": fleet.name(number)})
        else:
            took = (done.received - asked.answered).total_seconds()
            samples.append({"figure": "change", "milliseconds": 1000 * max(0.0, took)})
    return samples


def _first(
    events: Iterable[AuditEvent], agent: str, after: datetime | None, not_by: str = ""
) -> AuditEvent | None:
    return next(
        (
            event
            for event in events
            if event.name.startswith(agent)
            and event.user != not_by
            and (after is None or event.received >= after)
        ),
        None,
    )


def writes(when: str, agents: int, log: AuditLog, user: str) -> Sample:
    kinds = Counter(
        f"{event.verb} {event.resource}{'/' + event.subresource if event.subresource else ''}"
        for event in log.writes(user)
        if event.resource != "leases"
    )
    return {
        "figure": "writes",
        "when": when,
        "agents": agents,
        "writes": sum(kinds.values()),
        "kinds": dict(kinds),
    }


async def _until_still(log: AuditLog, user: str, least: int, still: float = 15.0) -> None:
    """Until it has written so often, and then nothing for so many seconds."""
    deadline, count, since = time.monotonic() + LONGEST_SECS, -1, time.monotonic()
    while time.monotonic() < deadline:
        now = len(log.writes(user))
        if now != count:
            count, since = now, time.monotonic()
        if count >= least and time.monotonic() - since > still:
            return
        await asyncio.sleep(0.5)
    raise TimeoutError(f"{user} still writes after {LONGEST_SECS} s")


def _last_write(log: AuditLog, began: float) -> float:
    """Seconds from `began` to it."""
    last = max(event.answered for event in log.writes())
    return last.timestamp() - (time.time() - (time.monotonic() - began))


def memory(when: str, running: Program) -> Sample:
    return {"figure": "memory", "when": when, "mib": running.mib}


@contextlib.asynccontextmanager
async def administrator(plane: ControlPlane) -> AsyncIterator[client.ApiClient]:
    """The administrator's, who applies the agents."""
    await config.load_kube_config(os.fspath(plane.kubeconfig))
    async with client.ApiClient() as api:
        yield api


def table(samples: Sequence[Sample]) -> list[str]:
    """The lines of one stage."""
    out: list[str] = []
    for sample in samples:
        match sample["figure"]:
            case "ready":
                p50, p95, p99 = (percentile(sample["seconds"], p) for p in (50, 95, 99))
                out.append(
                    f"{sample['agents']} agents applied in {sample['applied']:.1f} s; Ready p50 / p95 / p99"
                    f" {p50:.1f} / {p95:.1f} / {p99:.1f} s after each was there, all {sample['all']:.1f} s"
                )
            case "writes":
                kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(sample["kinds"].items()))
                secs = f" in {sample['seconds']:.1f} s" if "seconds" in sample else ""
                each = sample["writes"] / sample["agents"]
                out.append(
                    f"{sample['when']}{secs}: {sample['writes']} writes, {each:.2f} an agent ({kinds or 'none'})"
                )
            case "memory":
                out.append(f"memory {sample['when']}: {sample['mib']:.0f} MiB")
    took = [sample["milliseconds"] for sample in samples if sample["figure"] == "change"]
    if took:
        out += ["| figure | n | p50 ms | p95 ms | p99 ms |", "|---|--:|--:|--:|--:|"]
        out.append(row("an agent's patch -> its Deployment's, by the audit log", took))
    followed = [sample["milliseconds"] for sample in samples if sample["figure"] == "followed"]
    if followed:
        out += ["| figure | n | p50 ms | p95 ms | p99 ms |", "|---|--:|--:|--:|--:|"]
        out.append(row("a model server's pods, as it tells of them -> its agent's Ready", followed))
    if lost := sum(sample["figure"] == "lost" for sample in samples):
        out.append(f"{lost} changes were NOT carried out")
    return out
