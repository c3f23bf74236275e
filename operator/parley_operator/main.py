"""The operator's process: who watches, who works, who answers probes, and how it ends.

Every replica watches and keeps its caches warm; the one that holds the Lease also works. Nothing is worked on before
every kind has been listed once: to empty caches everything looks as if it had to be written. SIGTERM: no new key is
taken, those at work are finished, the Lease is let go for another to take at once.
"""

from __future__ import annotations

import asyncio
import random
import signal
from contextlib import suppress

import structlog

from parley_operator.agents import Sweep, Watch
from parley_operator.api import Api
from parley_operator.cluster import Cluster
from parley_operator.connection import Connection
from parley_operator.kinds import AGENTS, NAMESPACES, NODES, PODS, WATCHED
from parley_operator.lease import Lease
from parley_operator.metrics import Metrics, Reading
from parley_operator.observe import Observer
from parley_operator.plan import voiceagent
from parley_operator.plan.plan import Object, Ref
from parley_operator.polls import Polls
from parley_operator.ports import Ports
from parley_operator.probes import Health, application, serve
from parley_operator.queue import Key, Queue
from parley_operator.reconcile import Reconciler
from parley_operator.rolls import Rolls
from parley_operator.settings import Settings
from parley_operator.watch import Reflector

FINISH_SECONDS = 5.0


class Operator:
    """One replica."""

    def __init__(self, settings: Settings, api: Api) -> None:
        self._settings = settings
        self._queue = Queue()
        self._rolls = Rolls(settings.roll_at_once)
        self._ports = Ports()
        self._metrics = Metrics(self._read)
        self._lease = Lease(api, settings)
        self._cluster = Cluster(api, self._lease.check, self._metrics.wrote)
        self._polls = Polls(
            settings.poll_seconds,
            settings.polls_at_once,
            self._look_after,
            self._metrics.polled,
            one_namespace=bool(settings.watch_namespace),
        )
        self._reconcile = Reconciler(
            self._cluster,
            Observer(self._cluster, self._polls, self._ports, self._rolls),
            voiceagent.plan,
            self._queue,
            self._rolls,
            self._ports,
            settings,
            self._metrics.reconciled,
        )
        where = settings.watch_namespace
        self._reflectors = [
            Reflector(api, self._cluster.caches[kind.name], self._changed, where if kind.namespaced else "")
            for kind in WATCHED
        ]
        self._sweep = Sweep(
            Reflector(api, self._cluster.agents, self._changed, where), settings.resync_seconds
        )
        self._watch = Watch(self._take, where)
        self._log = structlog.get_logger()

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop` is set, or the Lease is lost, which ends the process."""
        health = Health(self._read, lambda: self._queue.finished_at)
        runner = await serve(application(health, self._metrics), self._settings.probe_port)
        try:
            async with asyncio.TaskGroup() as group:
                background = [
                    *(group.create_task(reflector.run()) for reflector in self._reflectors),
                    group.create_task(self._sweep.run()),
                    group.create_task(self._watch_agents()),
                    group.create_task(self._lease.run()),
                    group.create_task(self._polls.run()),
                    group.create_task(self._give_turns()),
                    group.create_task(self._resync()),
                ]
                work = group.create_task(self._work())
                await stop.wait()
                self._log.info("stopping")
                await self._finish(work)
                for task in background:
                    task.cancel()
        finally:
            await runner.cleanup()

    async def _finish(self, work: asyncio.Task[None]) -> None:
        self._queue.close()
        with suppress(TimeoutError):
            async with asyncio.timeout(FINISH_SECONDS):
                await self._queue.finished()
        work.cancel()
        with suppress(asyncio.CancelledError):
            await work
        await self._lease.release()

    async def _work(self) -> None:
        await self._cluster.all_synced()
        self._log.info("synced", **{name: len(cache) for name, cache in self._cluster.caches.items()})
        await self._lease.held.wait()
        # The watch of a standby may have been cut off without a sign: old specs would roll agents back.
        await self._sweep.now()
        self._all_agents()
        self._log.info("working", agents=len(self._cluster.agents), workers=self._settings.workers)
        await self._queue.run(self._settings.workers, self._reconcile)

    async def _watch_agents(self) -> None:
        """kopf looks for the kind when it starts, and never again: not before it is there."""
        await self._sweep.done.wait()
        await self._watch.run()

    async def _give_turns(self) -> None:
        """Once all who wait to roll are known, which is when the queue is empty."""
        while True:
            await asyncio.sleep(1)
            if self._lease.held.is_set() and self._queue.finished_at and not self._queue.depth:
                for key in self._rolls.grant():
                    self._queue.add(key, routine=True)

    async def _resync(self) -> None:
        """Every agent is looked at again, spread over the time until the next resync."""
        while True:
            await asyncio.sleep(self._settings.resync_seconds)
            for place in self._cluster.agents.places():
                after = random.random() * self._settings.resync_seconds * 0.8
                self._queue.add(Key(AGENTS.name, *place), after=after, routine=True)

    def _all_agents(self) -> None:
        for place in self._cluster.agents.places():
            self._queue.add(Key(AGENTS.name, *place), routine=True)
        for key in list(self._cluster.caches[PODS.name].owners()):  # of agents that went while nobody worked
            self._queue.add(key, routine=True)

    def _take(self, what: str | None, obj: Object) -> None:
        """kopf's event."""
        metadata = obj["metadata"]
        ref = Ref(AGENTS.name, metadata.get("namespace", ""), metadata["name"])
        if what is None:
            self._sweep.ask()  # kopf has listed anew: it may have missed what went
        if what == "DELETED":
            self._reconcile.gone(obj)
            changed = self._cluster.agents.remove(obj)
        else:
            changed = self._cluster.agents.put(obj)
        if changed:
            self._changed(ref, None)

    def _changed(self, ref: Ref, owner: Ref | None) -> None:
        """Something that plans go by."""
        if ref.kind == AGENTS.name:
            agent = self._cluster.cached(ref)
            self._ports.hold(ref, (agent or {}).get("status"))
            self._queue.add(ref)
        elif ref.kind == NAMESPACES.name:
            for namespace, name in self._cluster.agents.places():
                if namespace == ref.name:
                    self._queue.add(Key(AGENTS.name, namespace, name), routine=True)
        elif ref.kind == NODES.name:
            for key in self._ports.holders():
                self._queue.add(key, after=1.0, routine=True)
        else:
            if ref.kind == PODS.name:
                self._follow(ref)
            if owner is not None:
                self._queue.add(owner)

    def _follow(self, ref: Ref) -> None:
        """As the cache has it: a pod that was taken out of its agent is asked no more."""
        pod = self._cluster.cached(ref)
        owner = self._cluster.caches[PODS.name].owner(ref.namespace, ref.name)
        if pod is None or owner is None:
            self._polls.forget(ref)
            self._reconcile.forget(ref)
            return
        status = pod["status"]
        ip = status.get("podIP", "")
        if ip and status.get("phase") == "Running":
            ready = any(one["type"] == "Ready" and one["status"] == "True" for one in status["conditions"])
            self._polls.follow(ref, owner, ip, ready)
        else:
            self._polls.forget(ref)

    def _look_after(self, key: Key, after: float) -> None:
        self._queue.add(key, after=after)

    def _read(self) -> Reading:
        return Reading(
            depth=self._queue.depth,
            delayed=self._queue.delayed,
            failing=self._queue.failing,
            age=self._queue.age(),
            longest_at_work=self._queue.longest_at_work(),
            workers=self._queue.workers,
            leader=self._lease.held.is_set(),
            synced=self._cluster.synced,
            objects=tuple((name, len(cache)) for name, cache in self._cluster.caches.items()),
            polled=len(self._polls),
            waiting_to_roll=self._rolls.waiting,
            rolling=self._rolls.rolling,
        )


async def run(settings: Settings) -> None:
    """Raises NoCluster. Ends on SIGTERM or SIGINT."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for one in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(one, stop.set)
    async with Api(Connection()) as api:
        await Operator(settings, api).run(stop)
