"""The operator's process: who watches, who works, who answers probes, and how it ends.

Every replica watches and keeps its caches warm; the one that holds the Lease also works. Nothing is worked on before
every kind has been listed once: to empty caches everything looks as if it had to be written. SIGTERM: no new key is
taken, those at work are finished, the Lease is let go for another to take at once.
"""

from __future__ import annotations

import asyncio
import random
import signal
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

import structlog

from parley_operator.api import Api
from parley_operator.cluster import Cluster
from parley_operator.connection import Connection
from parley_operator.fence import Fence, NoFence, kernel_fence, no_fence
from parley_operator.kinds import PODS, Kind
from parley_operator.lease import Lease
from parley_operator.metrics import Metrics, Reading
from parley_operator.plan.plan import Object, Ref
from parley_operator.polls import Polls
from parley_operator.primaries import Sweep, Watch
from parley_operator.probes import Health, application, serve
from parley_operator.programs import PROGRAMS
from parley_operator.programs.program import Program, Shared
from parley_operator.queue import Key, Queue
from parley_operator.reconcile import Reconciler
from parley_operator.settings import Settings
from parley_operator.watch import Reflector

FINISH_SECONDS = 5.0


class Operator:
    """One replica. One that looks after a single namespace leaves what is of the whole cluster to others."""

    def __init__(
        self,
        settings: Settings,
        api: Api,
        fence: Fence,
        programs: Iterable[type[Program[Any, Any]]] = PROGRAMS,
    ) -> None:
        alone = settings.watch_namespace
        programs = [program for program in programs if program.kind.namespaced or not alone]
        self._settings = settings
        self._queue = Queue()
        self._metrics = Metrics(self._read)
        self._lease = Lease(api, settings, fence)
        kinds = [program.kind for program in programs]
        self._cluster = Cluster(
            api,
            self._lease.check,
            self._metrics.wrote,
            kinds,
            home=settings.tuner_namespace,
            wrote=self._noted,
        )
        self._polls = Polls(
            settings.poll_seconds,
            settings.polls_at_once,
            self._look_after,
            self._metrics.polled,
            one_namespace=bool(settings.watch_namespace),
        )
        self._shared = Shared(self._cluster, self._polls, settings)
        self._programs = {program.kind.name: program(self._shared) for program in programs}
        self._wakes = self._shared.wakes
        self._reconcile = Reconciler(
            self._shared, self._programs.values(), self._queue, self._metrics.reconciled
        )
        self._reflectors = [self._reflector(api, kind) for kind in self._cluster.watched]
        self._watch = Watch(self._take, self._served, settings.watch_namespace)
        self._sweeps = {
            kind.name: Sweep(self._reflector(api, kind), settings.resync_seconds, self._watch.again)
            for kind in kinds
        }
        self._log = structlog.get_logger()

    def _reflector(self, api: Api, kind: Kind) -> Reflector:
        where = self._settings.watch_namespace if kind.namespaced else ""
        return Reflector(api, self._cluster.caches[kind.name], self._changed, where)

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop` is set, or the Lease is lost, which ends the process."""
        health = Health(self._read, lambda: self._queue.finished_at)
        runner = await serve(application(health, self._metrics), self._settings.probe_port)
        try:
            async with asyncio.TaskGroup() as group:
                background = [
                    *(group.create_task(reflector.run()) for reflector in self._reflectors),
                    *(group.create_task(sweep.run()) for sweep in self._sweeps.values()),
                    group.create_task(self._watch_primaries()),
                    group.create_task(self._polls.run()),
                    group.create_task(self._look_when_at_rest()),
                    group.create_task(self._resync()),
                ]
                lease = group.create_task(self._lease.run())
                work = group.create_task(self._work())
                await stop.wait()
                self._log.info("stopping")
                await self._finish(work, lease)
                for task in background:
                    task.cancel()
        finally:
            await runner.cleanup()

    async def _finish(self, work: asyncio.Task[None], lease: asyncio.Task[None]) -> None:
        self._queue.close()
        with suppress(TimeoutError):
            async with asyncio.timeout(FINISH_SECONDS):
                await self._queue.finished()
        for task in (work, lease):  # a renewal in flight would take it again
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        await self._lease.release()

    async def _work(self) -> None:
        await self._cluster.all_synced()
        self._log.info("synced", **{name: len(cache) for name, cache in self._cluster.caches.items()})
        await self._lease.held.wait()
        # The watch of a standby may have been cut off without a sign: old specs would roll agents back.
        for sweep in self._sweeps.values():
            await sweep.now()
        self._all()
        self._log.info("working", objects=len(self._keys()), workers=self._settings.workers)
        await self._queue.run(self._settings.workers, self._reconcile)

    async def _watch_primaries(self) -> None:
        """Once it is known which of them are served."""
        for sweep in self._sweeps.values():
            await sweep.done.wait()
        await self._watch.run()

    async def _served(self) -> list[Kind]:
        """By a look of its own: kopf may have ended because one of them went."""
        for sweep in self._sweeps.values():
            await sweep.once()
        return [kind for kind in self._cluster.primaries if self._cluster.caches[kind.name].served]

    async def _look_when_at_rest(self) -> None:
        while True:
            await asyncio.sleep(1)
            if self._lease.held.is_set() and self._queue.finished_at and not self._queue.depth:
                for program in self._programs.values():
                    for key in program.at_rest():
                        self._queue.add(key, routine=True)

    async def _resync(self) -> None:
        """Everything is looked at again, spread over the time until the next resync."""
        while True:
            await asyncio.sleep(self._settings.resync_seconds)
            for key in self._keys():
                after = random.random() * self._settings.resync_seconds * 0.8
                self._queue.add(key, after=after, routine=True)

    def _keys(self) -> list[Key]:
        """Of all that people have written."""
        return [Key(name, *place) for name in self._programs for place in self._cluster.caches[name].places()]

    def _all(self) -> None:
        for key in self._keys():
            self._queue.add(key, routine=True)
        for key in list(self._cluster.caches[PODS.name].owners()):  # of those that went while nobody worked
            self._queue.add(key, routine=True)

    def _take(self, kind: Kind, what: str | None, obj: Object) -> None:
        """kopf's event."""
        metadata = obj["metadata"]
        cache = self._cluster.caches[kind.name]
        if what is None:
            self._sweeps[kind.name].ask()  # kopf has listed anew: it may have missed what went
        if what == "DELETED":
            self._programs[kind.name].gone(obj)
            changed = cache.remove(obj)
        else:
            changed = cache.put(obj)
        if changed:
            self._changed(Ref(kind.name, metadata.get("namespace", ""), metadata["name"]), None)

    def _changed(self, ref: Ref, owner: Ref | None) -> None:
        """Something that plans go by."""
        if ref.kind in self._programs:
            self._queue.add(ref)
        elif ref.kind == PODS.name:
            self._follow(ref)
        if owner is not None:
            self._queue.add(owner)
        self._noted(ref)

    def _noted(self, ref: Ref) -> None:
        """By a watch, or because it was written here: who goes by it looks again, whose it is knows it."""
        if ref.kind in self._programs:
            self._note(self._programs[ref.kind], ref)
        for wake in self._wakes.of(ref):
            self._queue.add(wake.key, after=wake.after, routine=wake.routine)

    def _note(self, program: Program[Any, Any], key: Key) -> None:
        obj = self._cluster.cached(key)
        try:
            program.changed(key, obj)
            turned = self._wakes.refer(key, () if obj is None else program.refers_to(obj))
        except Exception:  # a mistake of ours: its plan will tell it, and the watch goes on
            self._log.exception("not-noted", key=str(key))
            return
        for ref in turned:
            if ref.kind in self._programs and ref.name:
                self._queue.add(ref)

    def _follow(self, ref: Ref) -> None:
        """As the cache has it: a pod that was taken out of what it belonged to is asked no more."""
        pod = self._cluster.cached(ref)
        owner = self._cluster.caches[PODS.name].owner(ref.namespace, ref.name)
        question = self._programs[owner.kind].asks(pod) if pod is not None and owner is not None else None
        if pod is None or owner is None:
            self._shared.pace.forget(ref)
        if pod is None or owner is None or question is None:
            self._polls.forget(ref)
            return
        status = pod["status"]
        ip = status.get("podIP", "")
        if ip and status.get("phase") == "Running":
            ready = any(one["type"] == "Ready" and one["status"] == "True" for one in status["conditions"])
            self._polls.follow(ref, owner, question, ip, ready)
        else:
            self._polls.forget(ref)

    def _look_after(self, key: Key, after: float) -> None:
        self._queue.add(key, after=after)

    def _read(self) -> Reading:
        turns = [program.turns for program in self._programs.values()]
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
            said=tuple(
                (name, type_, status, count)
                for name, cache in self._cluster.caches.items()
                for (type_, status), count in cache.said.items()
            ),
            polled=len(self._polls),
            waiting_to_roll=sum(waiting for waiting, _ in turns),
            rolling=sum(rolling for _, rolling in turns),
        )


async def run(settings: Settings) -> None:
    """Raises NoCluster, and OSError where its Lease can't be held. Ends on SIGTERM or SIGINT."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for one in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(one, stop.set)
    async with Api(Connection()) as api:
        await Operator(settings, api, _fence()).run(stop)


def _fence() -> Fence:
    try:
        return kernel_fence()
    except NoFence as error:
        # A developer's machine that is no Linux: there a holder that was frozen may send late what passed its check.
        structlog.get_logger().warning("no-fence", reason=str(error))
        return no_fence
