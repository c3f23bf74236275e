"""reconcile(key): observe -> plan -> apply what differs -> prune -> status -> Events. The same for every kind.

Rules: level-triggered: a key is enough, from any state, after any crash. Nothing is written that is there already. A
write that the API server refuses for good is told in the object's conditions, and what ran before stays as it is:
nothing is pruned, and no later object is applied that may need the refused one. So is a mistake of our own. What may
pass comes back later. In a namespace that is being terminated nothing is done. What is one kind's alone its program
does (programs/).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import structlog

from parley_api import __version__
from parley_operator import events
from parley_operator.api import ApiError, Unreachable
from parley_operator.cluster import NotOurs
from parley_operator.kinds import AUTOSCALERS, SCALED_OBJECTS
from parley_operator.plan.conditions import broken, is_broken
from parley_operator.plan.plan import Failure, Object, Observed, Plan, Ref, ref_of
from parley_operator.programs.program import Look, Program, Shared
from parley_operator.queue import Key, Queue

PRUNED_FIRST = (AUTOSCALERS.name, SCALED_OBJECTS.name)
"""KEDA refuses a workload that an HPA still scales."""


class Quiet(Exception):
    """Nothing can or should be done here now."""


def utc_now() -> datetime:
    return datetime.now(UTC)


class Reconciler:
    """The handler of the queue."""

    def __init__(
        self,
        shared: Shared,
        programs: Iterable[Program[Any, Any]],
        queue: Queue,
        record: Callable[[str, str, float], None],
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._cluster = shared.cluster
        self._observer = shared.observer
        self._pace = shared.pace
        self._settings = shared.settings
        self._programs = {program.kind.name: program for program in programs}
        self._queue = queue
        self._record = record
        self._now = now
        self._log = structlog.get_logger()

    async def __call__(self, key: Key) -> None:
        """One look at one object; raises nothing."""
        loop = asyncio.get_running_loop()
        started = loop.time()
        try:
            outcome, again_after = await self._reconcile(key)
            if outcome == "refused":
                self._queue.retry(key)
            else:
                self._queue.succeeded(key)
            if again_after is not None:
                self._queue.add(key, after=max(again_after, 0.05), routine=True)
        except Quiet as quiet:
            outcome = "quiet"
            self._queue.succeeded(key)
            self._log.debug("left-alone", key=str(key), why=str(quiet))
        except (ApiError, Unreachable) as error:
            outcome = "again"
            self._log.info("again-later", key=str(key), error=str(error)[:300])
            self._queue.retry(key, getattr(error, "retry_after", 0.0))
        except Exception:
            outcome = "broken"
            self._log.exception("reconcile-broken", key=str(key))
            self._queue.retry(key)
            await self._confess(key)
        self._record(key.kind, outcome, loop.time() - started)

    async def _reconcile(self, key: Key) -> tuple[str, float | None]:
        program = self._programs[key.kind]
        obj = self._cluster.cached(key)
        if obj is None or (_is_going(obj) and not _held(obj, program.finalizer)):
            if not self._cluster.caches[key.kind].served:
                raise Quiet("its kind is not served: whether it is gone is not known")
            self._pace.forget(key)
            return "gone", await program.farewell(key, obj)
        seen = self._observer.observe(program.kind, key, obj)
        ends = (seen.namespace or {}).get("status", {}).get("phase") == "Terminating"
        if ends and not _is_going(obj):
            raise Quiet("its namespace is being terminated")
        observed = await program.observe(key, obj, seen)
        program.begin(key, observed)
        plan = self._plan(program, key, obj, observed)
        held = _held(obj, program.finalizer)
        if plan.held and not held:
            await self._cluster.finalize(obj, program.finalizer)
        failures = await self._carry_out(key, observed, plan)
        if failures:
            plan = self._plan(program, key, obj, replace(observed, failures=failures))
        untold = self._observer.pending(key)  # it comes again as soon as they have been asked
        told_broken = is_broken(obj.get("status") or {})
        waits = [plan.again_after]
        if not untold and not told_broken:
            waits.append(await self._tell(program, key, obj, plan))
        waits.append(await program.after(Look(key, obj, plan, refused=bool(failures), untold=untold)))
        if not untold and told_broken:  # what broke the last time has not: before, it would be told in turns
            waits.append(await self._tell(program, key, obj, plan))
        if failures:
            return "refused", None
        if held and plan.held is False:
            await self._cluster.finalize(obj, "")
        return "done", min((wait for wait in waits if wait is not None), default=None)

    async def _confess(self, key: Key) -> None:
        """That this operator fails at it is in the status too, or its last state would pass for what is so."""
        obj = self._cluster.cached(key)
        program = self._programs[key.kind]
        if obj is None or (_is_going(obj) and not _held(obj, program.finalizer)):
            return
        generation = int(obj["metadata"].get("generation", 0))
        try:
            before = obj.get("status") or {}
            status = broken(before, program.kind.noun, generation, __version__, self._now())
            await self._tell(program, key, obj, Plan(status=status))
        except Exception as error:
            self._log.warning("not-confessed", key=str(key), error=f"{type(error).__name__}: {error}"[:300])

    def _plan(self, program: Program[Any, Any], key: Key, obj: Object, observed: Observed) -> Plan:
        plan: Plan = program.plan(obj, observed, self._settings, self._now())
        program.planned(key, plan)
        self._log.debug("planned", key=str(key), why=plan.why)
        return plan

    async def _carry_out(self, key: Key, observed: Observed, plan: Plan) -> tuple[Failure, ...]:
        """What was refused. The first refusal ends it: what comes after may need what was refused."""
        if plan.hand_over is not None:
            await self._cluster.hand_over(plan.hand_over)
        for ref in plan.prune:
            if ref.kind in PRUNED_FIRST and (failure := await self._prune(key, ref, observed)):
                return (failure,)
        for obj in plan.objects:
            if not self._cluster.differs(obj):
                continue
            ref = ref_of(obj)
            try:
                await self._cluster.apply(obj)
            except NotOurs as error:
                return (Failure(ref, "NotOurs", str(error)),)
            except ApiError as error:
                _raise_unless_refused(key, error)
                return (Failure(ref, error.reason or str(error.status), error.message),)
        for ref in plan.prune:
            if ref.kind not in PRUNED_FIRST and (failure := await self._prune(key, ref, observed)):
                return (failure,)
        return ()

    async def _prune(self, key: Key, ref: Ref, observed: Observed) -> Failure | None:
        live = observed.children.get(ref)
        if live is None or live["metadata"].get("deletionTimestamp"):
            return None
        try:
            await self._cluster.delete(ref, live["metadata"]["uid"])
        except ApiError as error:
            _raise_unless_refused(key, error)
            return Failure(ref, error.reason or str(error.status), error.message)
        return None

    async def _tell(self, program: Program[Any, Any], key: Key, obj: Object, plan: Plan) -> float | None:
        """The status, where it changed, and Events of it. Seconds until the rest of it may be written."""
        live = obj.get("status") or {}
        uid = obj["metadata"]["uid"]
        if plan.status is None or plan.status == live:
            return None
        slow = program.slow_status
        if _without(plan.status, slow) == _without(live, slow) and (wait := self._pace.wait(key, uid)) > 0:
            return wait
        try:
            await self._cluster.patch_status(obj, plan.status)
        except ApiError as error:
            if error.status in (404, 409):
                raise Quiet("it is gone, or another has its name") from error
            raise
        self._pace.wrote(key, uid)
        for condition in events.changes(live.get("conditions", ()), plan.status.get("conditions", ())):
            event = events.event(obj, condition, self._now(), self._settings.identity)
            try:
                await self._cluster.create_event(event)
            except (ApiError, Unreachable) as error:  # the status says it too
                self._log.info("no-event", key=str(key), error=str(error)[:200])
        return None


def _is_going(obj: Object) -> bool:
    return "deletionTimestamp" in obj["metadata"]


def _held(obj: Object, finalizer: str) -> bool:
    """It does not go without us."""
    return bool(finalizer) and finalizer in obj["metadata"].get("finalizers", ())


def _raise_unless_refused(key: Key, error: ApiError) -> None:
    """What is of the whole cluster has things in several namespaces: that one of them ends is told."""
    if error.cause == "NamespaceTerminating" and key.namespace:
        raise Quiet("its namespace is being terminated") from error
    if error.passing:
        raise error
    if error.status == 404 and "namespaces" in error.message and key.namespace:
        raise Quiet("its namespace is gone") from error


def _without(status: Object, names: tuple[str, ...]) -> Object:
    return {name: value for name, value in status.items() if name not in names}
