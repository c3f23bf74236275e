"""The Lease of coordination.k8s.io that says which replica writes, and the deadline that makes it true.

Rules: a holder may write until `deadline`, which is counted by its own clock (one that nobody sets, and that goes on
while the machine sleeps) from the moment before it sent its last successful renewal; every write calls `check` once
its connection is there, before any of it is sent; a holder that could not renew ends the process a little before its
deadline, and the kernel ends one that is stopped or stalled then (fence.py). Another replica takes over once it has
seen the Lease unchanged for `lease_seconds` by its own clock, so clocks need not agree; and the deadline is shorter
than that, so what the old one had sent has arrived.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import structlog

from parley_operator.api import Api, ApiError, Unreachable
from parley_operator.fence import Fence, seconds
from parley_operator.plan.plan import Object
from parley_operator.settings import Settings

LOST = 75
"""Exit status of a holder that could not renew (sysexits: a temporary failure)."""

ORDERLY_SECONDS = 0.2
"""So long before its deadline it ends by itself, with a line that says why: the kernel leaves none."""


def _leave() -> None:
    os._exit(LOST)


class Lease:
    """`run` holds it for ever once it has it. `leave` ends the process. `clock`: in seconds, the one of `fence`."""

    def __init__(
        self,
        api: Api,
        settings: Settings,
        fence: Fence,
        leave: Callable[[], Any] = _leave,
        clock: Callable[[], float] = seconds,
    ) -> None:
        self._api = api
        self._settings = settings
        self._fence = fence
        self._leave = leave
        self._clock = clock
        self._path = f"/apis/coordination.k8s.io/v1/namespaces/{settings.namespace}/leases"
        self._seen: tuple[str, float] = ("", 0.0)
        """A version of the Lease, and since when it is that."""
        self._mine: Object | None = None
        """As it was written last, to be renewed without being read again."""
        self._watchdog: asyncio.TimerHandle | None = None
        self._log = structlog.get_logger()
        self.deadline: float | None = None
        """By `clock`; None: not held."""
        self.held = asyncio.Event()

    def check(self) -> None:
        """Returns only where a write may be sent now."""
        if self.deadline is None or self._clock() >= self.deadline:
            self._lose()
            raise RuntimeError("a write without the Lease")

    async def run(self) -> None:
        """For ever."""
        while True:
            await self._step()
            await asyncio.sleep(self._settings.renew_seconds)

    async def release(self) -> None:
        """So that another need not wait. `run` has to have ended; nothing may be written after it, and the kernel ends
        a process that is still there at the deadline.
        """
        if self.deadline is None:
            return
        self._forget()
        try:
            lease = await self._request("GET", f"{self._path}/{self._settings.lease_name}")
            if lease["spec"].get("holderIdentity") == self._settings.identity:
                lease["spec"] = {**lease["spec"], "holderIdentity": "", "renewTime": _now()}
                await self._put(lease)
        except (ApiError, Unreachable) as error:
            self._log.warning("lease-not-released", error=str(error)[:200])

    async def _step(self) -> None:
        sent = self._clock()
        try:
            lease = self._mine or await self._read()
            if lease is None:
                await self._create()
            elif lease["spec"].get("holderIdentity") == self._settings.identity:
                await self._renew(lease)
            elif self._free(lease):
                await self._take(lease)
            else:
                if self.deadline is not None:
                    self._log.error("lease-taken", holder=lease["spec"].get("holderIdentity"))
                    self._leave()
                return
        except (ApiError, Unreachable) as error:
            self._mine = None
            if not (isinstance(error, ApiError) and error.status == 409):  # another was quicker
                self._log.warning("lease-not-renewed", error=str(error)[:200])
            return
        self._hold_until(sent + self._settings.renew_deadline_seconds)

    async def _read(self) -> Object | None:
        try:
            return await self._request("GET", f"{self._path}/{self._settings.lease_name}")
        except ApiError as error:
            if error.status == 404:
                return None
            raise

    def _free(self, lease: Object) -> bool:
        if not lease["spec"].get("holderIdentity"):
            return True
        now = self._clock()
        version = lease["metadata"]["resourceVersion"]
        if self._seen[0] != version:
            self._seen = (version, now)
        return now - self._seen[1] >= self._settings.lease_seconds

    async def _create(self) -> None:
        await self._request(
            "POST",
            self._path,
            {
                "apiVersion": "coordination.k8s.io/v1",
                "kind": "Lease",
                "metadata": {"name": self._settings.lease_name, "namespace": self._settings.namespace},
                "spec": self._spec({}, transitions=0),
            },
        )

    async def _renew(self, lease: Object) -> None:
        # A former process of this name may have left it: what it held is not ours, and it may live on for a moment.
        if self.deadline is None and not self._free(lease):
            raise ApiError(409, "Held", "held by a process of the same name, which has not let go of it")
        await self._put({**lease, "spec": {**lease["spec"], "renewTime": _now()}})

    async def _take(self, lease: Object) -> None:
        transitions = int(lease["spec"].get("leaseTransitions") or 0) + 1
        await self._put({**lease, "spec": self._spec(lease["spec"], transitions)})

    async def _put(self, lease: Object) -> None:
        """Only over the version that was read: of two who try, one gets a 409."""
        self._mine = await self._request("PUT", f"{self._path}/{self._settings.lease_name}", lease)

    async def _request(self, method: str, path: str, body: Object | None = None) -> Object:
        """An answer that takes long is better asked for once more, over another connection, while there is time."""
        within = self._settings.renew_deadline_seconds * 0.4
        return await self._api.request(method, path, body=body, seconds=within)

    def _spec(self, before: Object, transitions: int) -> Object:
        return {
            **before,
            "holderIdentity": self._settings.identity,
            "leaseDurationSeconds": round(self._settings.lease_seconds),
            "acquireTime": _now(),
            "renewTime": _now(),
            "leaseTransitions": transitions,
        }

    def _hold_until(self, deadline: float) -> None:
        left = deadline - self._clock()
        if left <= ORDERLY_SECONDS:
            return  # the answer came too late to be worth anything
        if self.deadline is None:
            self._log.info("lease-held", identity=self._settings.identity)
        self._fence(deadline)
        self.deadline = deadline
        if self._watchdog is not None:
            self._watchdog.cancel()
        self._watchdog = asyncio.get_running_loop().call_later(left - ORDERLY_SECONDS, self._lose)
        self.held.set()

    def _lose(self) -> None:
        self._log.error("lease-lost", identity=self._settings.identity)
        self._leave()

    def _forget(self) -> None:
        self.deadline = self._mine = None
        self.held.clear()
        if self._watchdog is not None:
            self._watchdog.cancel()


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
