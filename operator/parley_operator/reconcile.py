"""reconcile(key): observe -> plan -> apply what differs -> prune -> status. The same for every kind.

Rules: level-triggered: a key is enough, from any state, after any crash. Nothing is written that is there already. A
write that the API server refuses for good is told in the agent's conditions, and what ran before stays as it is:
nothing is pruned, and no later object is applied that may need the refused one. So is a mistake of our own. What may
pass comes back later. In a namespace that is being terminated nothing is done.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import structlog

from parley_api import __version__
from parley_operator import events, names
from parley_operator.api import ApiError, Unreachable
from parley_operator.cluster import Cluster, NotOurs
from parley_operator.few import a_few
from parley_operator.observe import Observer
from parley_operator.plan.conditions import broken, is_broken
from parley_operator.plan.needs import needs
from parley_operator.plan.plan import SLOW_STATUS, Cut, Failure, Object, Observed, Plan, Ref, ref_of
from parley_operator.plan.pods import cuts
from parley_operator.ports import Ports
from parley_operator.queue import Key, Queue
from parley_operator.rolls import Order, Rolls, given_up, is_rolling, rolled_out
from parley_operator.settings import Settings

LOOK_UP_AGAIN_SECONDS = 60.0
"""What a tenant's ConfigMaps hold is not watched."""

MOST_PODS = 32
"""Pods that are marked, or cut, in one look; the others in the next, or one of many would last too long (probes.py)."""

_MOST_DRAINED = 10_000

AUTOSCALERS = ("HorizontalPodAutoscaler", "ScaledObject")

Planner = Callable[[Object, Observed, Settings, datetime], Plan]
"""`plan` of plan/KIND.py."""


class Quiet(Exception):
    """Nothing can or should be done here now."""


def utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(slots=True)
class Written:
    """By the loop's clock, when something that follows the calls was last written."""

    at: float
    uid: str


class Reconciler:
    """The handler of the queue."""

    def __init__(
        self,
        cluster: Cluster,
        observer: Observer,
        planner: Planner,
        queue: Queue,
        rolls: Rolls,
        ports: Ports,
        settings: Settings,
        record: Callable[[str, str, float], None],
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._cluster = cluster
        self._observer = observer
        self._planner = planner
        self._queue = queue
        self._rolls = rolls
        self._ports = ports
        self._settings = settings
        self._record = record
        self._now = now
        self._slow: dict[Ref, Written] = {}
        self._seen: set[Key] = set()
        self._drained: dict[str, None] = {}
        """Agents that were deleted and let their calls end, by uid."""
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
        agent = self._cluster.cached(key)
        if agent is None:
            return await self._farewell(key)
        if agent["metadata"].get("deletionTimestamp"):
            return await self._farewell(key)
        observed = await self._observer.observe(key, agent)
        if (observed.namespace or {}).get("status", {}).get("phase") == "Terminating":
            raise Quiet("its namespace is being terminated")
        self._resume(key, observed)
        plan = self._plan(key, agent, observed)
        failures = await self._carry_out(agent, observed, plan)
        if failures:
            plan = self._plan(key, agent, replace(observed, failures=failures))
        pending = self._observer.pending(key)  # it comes again as soon as they have been asked
        told_broken = is_broken(agent.get("status") or {})
        waits = [plan.again_after]
        if not pending:
            if not told_broken:
                waits.append(await self._tell(key, agent, plan))
            waits.append(await self._slowly(plan))
        if failures:
            self._rolls.finish(key)
        else:
            self._take_turn(key, agent, plan)
            waits.append(await self._cut(plan.cut))
        if told_broken and not pending:  # what broke the last time has not: before, it would be told in turns
            waits.append(await self._tell(key, agent, plan))
        if failures:
            return "refused", None
        if needs(agent).config_maps:
            waits.append(LOOK_UP_AGAIN_SECONDS)
        return "done", min((wait for wait in waits if wait is not None), default=None)

    async def _confess(self, key: Key) -> None:
        """That this operator fails at it is in the status too, or its last state would pass for what is so."""
        agent = self._cluster.cached(key)
        if agent is None or agent["metadata"].get("deletionTimestamp"):
            return
        generation = int(agent["metadata"].get("generation", 0))
        try:
            status = broken(agent.get("status") or {}, generation, __version__, self._now())
            await self._tell(key, agent, Plan(status=status))
        except Exception as error:
            self._log.warning("not-confessed", key=str(key), error=f"{type(error).__name__}: {error}"[:300])

    def _plan(self, key: Key, agent: Object, observed: Observed) -> Plan:
        plan = self._planner(agent, observed, self._settings, self._now())
        if plan.status is not None:
            self._ports.hold(key, plan.status)  # before anything awaits, and another plan takes the same port
        self._log.debug("planned", key=str(key), why=plan.why)
        return plan

    async def _carry_out(self, agent: Object, observed: Observed, plan: Plan) -> tuple[Failure, ...]:
        """What was refused. The first refusal ends it: what comes after may need what was refused."""
        if plan.hand_over is not None:
            await self._cluster.hand_over(plan.hand_over)
        for ref in plan.prune:  # KEDA refuses a workload that an HPA still scales
            if ref.kind in AUTOSCALERS and (failure := await self._prune(ref, observed)):
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
                _raise_unless_refused(error)
                return (Failure(ref, error.reason or str(error.status), error.message),)
        for ref in plan.prune:
            if ref.kind not in AUTOSCALERS and (failure := await self._prune(ref, observed)):
                return (failure,)
        return ()

    async def _prune(self, ref: Ref, observed: Observed) -> Failure | None:
        live = observed.children.get(ref)
        if live is None or live["metadata"].get("deletionTimestamp"):
            return None
        try:
            await self._cluster.delete(ref, live["metadata"]["uid"])
        except ApiError as error:
            _raise_unless_refused(error)
            return Failure(ref, error.reason or str(error.status), error.message)
        return None

    async def _tell(self, key: Key, agent: Object, plan: Plan) -> float | None:
        """The status, where it changed, and Events of it. Seconds until the rest of it may be written."""
        live = agent.get("status") or {}
        if plan.status is None or plan.status == live:
            return None
        if _without_slow(plan.status) == _without_slow(live):
            wait = self._must_wait(key, agent["metadata"]["uid"])
            if wait > 0:
                return wait
        try:
            await self._cluster.patch_status(agent, plan.status)
        except ApiError as error:
            if error.status in (404, 409):
                raise Quiet("it is gone, or another has its name") from error
            raise
        self._slow[key] = Written(asyncio.get_running_loop().time(), agent["metadata"]["uid"])
        for condition in events.changes(live.get("conditions", ()), plan.status.get("conditions", ())):
            event = events.event(agent, condition, self._now(), self._settings.identity)
            try:
                await self._cluster.create_event(event)
            except (ApiError, Unreachable) as error:  # the status says it too
                self._log.info("no-event", key=str(key), error=str(error)[:200])
        return None

    async def _slowly(self, plan: Plan) -> float | None:
        """What follows the calls. Seconds until the first of what has to wait may be written."""
        waits: list[float] = []
        due: list[Object] = []
        for obj in plan.slow:
            if not self._cluster.differs(obj):
                continue
            wait = self._must_wait(ref_of(obj), obj["metadata"].get("uid", ""))
            if wait > 0:
                waits.append(wait)
            else:
                due.append(obj)
        await a_few(self._mark, due[:MOST_PODS])
        return 0.0 if due[MOST_PODS:] else min(waits, default=None)

    async def _mark(self, obj: Object) -> None:
        uid = obj["metadata"].get("uid", "")
        self._slow[ref_of(obj)] = Written(asyncio.get_running_loop().time(), uid)
        try:
            await self._cluster.apply(obj)
        except NotOurs:
            pass
        except ApiError as error:
            if error.status not in (404, 409, 422):  # it is gone
                raise

    def _must_wait(self, ref: Ref, uid: str) -> float:
        written = self._slow.get(ref)
        if written is None or written.uid != uid:
            return 0.0
        return written.at + self._settings.slow_seconds - asyncio.get_running_loop().time()

    async def _farewell(self, key: Key) -> tuple[str, float | None]:
        self._rolls.finish(key)
        self._ports.release(key)
        self._seen.discard(key)
        self._slow.pop(key, None)
        pods = self._observer.pods(key)
        pods = [pod for pod in pods if pod.annotations.get(names.CUT_WITH, "") not in self._drained]
        return "gone", await self._cut(cuts(pods, key.namespace, living=""))

    async def _cut(self, wanted: list[Cut]) -> float | None:
        """Seconds until the rest of them may be cut."""

        async def one(cut: Cut) -> None:
            await self._cluster.delete(cut.ref, cut.uid, cut.grace_seconds)

        await a_few(one, wanted[:MOST_PODS])
        return 0.0 if wanted[MOST_PODS:] else None

    def gone(self, agent: Object) -> None:
        """It was deleted as it was then. Its pods may still be marked as it was before: that is written later."""
        if agent.get("spec", {}).get("deletion") != "Cut":
            self._drained[agent["metadata"]["uid"]] = None
            while len(self._drained) > _MOST_DRAINED:
                del self._drained[next(iter(self._drained))]

    def forget(self, ref: Ref) -> None:
        """A pod that is gone."""
        self._slow.pop(ref, None)

    def _resume(self, key: Key, observed: Observed) -> None:
        """At the first look since the start: what is in the middle of a rollout counts as rolling."""
        if key in self._seen:
            return
        self._seen.add(key)
        deployment = _deployment(observed)
        if deployment is not None and is_rolling(deployment) and not given_up(deployment):
            self._rolls.resume(key)

    def _take_turn(self, key: Key, agent: Object, plan: Plan) -> None:
        """An upgrade of the operator: who needs to roll waits for a turn, who has rolled gives it back."""
        if plan.rolls:
            if not self._rolls.may(key):
                deployment = self._live_deployment(key, agent)
                broken = deployment is not None and not rolled_out(deployment)
                busy = bool((agent.get("status") or {}).get("calls"))
                self._rolls.wait(key, Order(broken, busy, agent["metadata"].get("creationTimestamp", "")))
            return
        if self._rolls.may(key):
            deployment = self._live_deployment(key, agent)
            over = deployment is None or rolled_out(deployment)
            if over or (deployment and self._rolls.found(key) and given_up(deployment)):
                self._rolls.finish(key)
        else:
            self._rolls.finish(key)

    def _live_deployment(self, key: Key, agent: Object) -> Object | None:
        children = self._observer.children(key, agent["metadata"]["uid"]).values()
        return next((child for child in children if child["kind"] == "Deployment"), None)


def _raise_unless_refused(error: ApiError) -> None:
    if error.cause == "NamespaceTerminating":
        raise Quiet("its namespace is being terminated") from error
    if error.passing:
        raise error
    if error.status == 404 and "namespaces" in error.message:
        raise Quiet("its namespace is gone") from error


def _deployment(observed: Observed) -> Object | None:
    return next((obj for ref, obj in observed.children.items() if ref.kind == "Deployment"), None)


def _without_slow(status: Object) -> Object:
    return {name: value for name, value in status.items() if name not in SLOW_STATUS}
