"""What the pods say of themselves: each is asked again and again, as the kind that it is of says (`Question`).

Rules: pods never report, they are asked: they hold no token. Each question has two seconds, an answer a length that is
bounded, and what it holds is checked. Questions are spread over time, so many at once and so many a second at most:
with very many pods each is asked less often. What a pod said is forgotten when it has failed to answer three times in a
row; from then on it is asked less and less often, down to once a minute. One namespace has a quarter of the questions
that are open at once and no more, so that nobody's silent or slow pods hold up another's; where it is the only one that
is watched, it has all. Of a pod one question is open at a time. An answer that changed puts the pod's owner on the
queue, at once or, where its kind says so, a little later.
"""

from __future__ import annotations

import asyncio
import heapq
import math
import zlib
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import aiohttp

from parley_operator.plan.plan import Ref
from parley_operator.queue import Key

TIMEOUT_SECONDS = 2.0
FORGOTTEN_AFTER = 3
MOST_A_SECOND = 100.0
SELDOM_SECONDS = 60.0
"""A pod that does not answer at all is asked this often in the end."""

FIRST_AGAIN_SECONDS = 1.0
"""A pod that has never answered is asked again after so long, until it has or has failed often enough."""


class BadAnswer(Exception):
    """It is not what was asked for."""


Answer = Any
"""What a question's `read` made of it."""


def _at_once(before: Answer | None, after: Answer | None) -> float:
    return 0.0


@dataclass(frozen=True, slots=True)
class Question:
    """How a kind's pods are asked: GET `path` at `port`. `read` raises BadAnswer. `urgency(before, after)` of two
    answers that differ, None for none: in how many seconds the owner is looked at.
    """

    port: int
    path: str
    read: Callable[[bytes], Answer]
    urgency: Callable[[Answer | None, Answer | None], float] = _at_once
    most_bytes: int = 4096


@dataclass(slots=True)
class _Target:
    key: Key
    question: Question
    ip: str
    ready: bool
    due: float
    """math.inf while it is being asked."""

    status: Answer | None = None
    failures: int = 0
    again: bool = False
    """It got ready while it was being asked: what it answers may be from before."""


class Polls:
    """`changed(key, after)`: an owner is to be looked at. `count(outcome)`: of each question. `one_namespace`: all pods
    are of one.
    """

    def __init__(
        self,
        every: float,
        at_once: int,
        changed: Callable[[Key, float], None],
        count: Callable[[str], None],
        ask: Callable[[str, Question], Awaitable[Answer]] | None = None,
        *,
        one_namespace: bool = False,
    ) -> None:
        self._every = every
        self._at_once = at_once
        self._changed = changed
        self._count = count
        self._targets: dict[Ref, _Target] = {}
        self._due: list[tuple[float, Ref]] = []
        self._share = at_once if one_namespace else max(1, at_once // 4)
        self._open: Counter[str] = Counter()
        """Questions that are open, by namespace."""
        self._held: dict[str, dict[Ref, None]] = {}
        """Pods whose turn has come, and whose namespace has its share of questions already."""
        self._wake = asyncio.Event()
        self._session: aiohttp.ClientSession | None = None
        self._ask = ask or self._ask_by_http

    def __len__(self) -> int:
        return len(self._targets)

    @property
    def interval(self) -> float:
        return max(self._every, len(self._targets) / MOST_A_SECOND)

    def follow(self, pod: Ref, key: Key, question: Question, ip: str, ready: bool) -> None:
        """A pod that runs, or what changed of it. One that has just become ready is asked at once."""
        now = asyncio.get_running_loop().time()
        target = self._targets.get(pod)
        if target is None or target.ip != ip or target.question is not question:
            # Where it falls in the interval is the pod's own: many that are found together are not asked together.
            spread = zlib.crc32(pod.name.encode()) % 1000 / 1000 * self._every
            self._targets[pod] = _Target(key, question, ip, ready, now if ready else now + spread)
        else:
            sooner = ready and not target.ready
            target.key, target.ready = key, ready
            if not sooner:
                return
            if target.due == math.inf:
                target.again = True
                return
            target.due = now
        self._push(pod)

    def forget(self, pod: Ref) -> None:
        self._targets.pop(pod, None)

    def pending(self, pod: Ref) -> bool:
        """It is not known yet whether it answers: after a start of ours nothing may be said of it."""
        target = self._targets.get(pod)
        return target is not None and target.status is None and target.failures < FORGOTTEN_AFTER

    def status(self, pod: Ref) -> Answer | None:
        target = self._targets.get(pod)
        return None if target is None else target.status

    async def run(self) -> None:
        """For ever."""
        connector = aiohttp.TCPConnector(limit=self._at_once, force_close=True)
        async with aiohttp.ClientSession(
            connector=connector,
            timeout=aiohttp.ClientTimeout(total=TIMEOUT_SECONDS),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
        ) as self._session:
            room = asyncio.Semaphore(self._at_once)
            async with asyncio.TaskGroup() as group:
                while True:
                    pod = await self._next()
                    await room.acquire()
                    group.create_task(self._poll(pod, room))
                    await asyncio.sleep(1 / MOST_A_SECOND)

    async def _next(self) -> Ref:
        """The pod whose turn has come."""
        loop = asyncio.get_running_loop()
        while True:
            self._wake.clear()
            if not self._due:
                await self._wake.wait()
                continue
            due, pod = self._due[0]
            target = self._targets.get(pod)
            if target is None or target.due != due:  # gone, or to be asked at another time
                heapq.heappop(self._due)
                self._let_in(pod.namespace)
                continue
            wait = due - loop.time()
            if wait <= 0:
                heapq.heappop(self._due)
                if self._open[pod.namespace] < self._share:
                    self._open[pod.namespace] += 1
                    target.due = math.inf
                    return pod
                self._held.setdefault(pod.namespace, {})[pod] = None
                continue
            try:
                async with asyncio.timeout(wait):
                    await self._wake.wait()
            except TimeoutError:
                pass

    def _push(self, pod: Ref) -> None:
        heapq.heappush(self._due, (self._targets[pod].due, pod))
        self._wake.set()

    async def _poll(self, pod: Ref, room: asyncio.Semaphore) -> None:
        try:
            target = self._targets.get(pod)
            if target is None:
                return
            before = target.status
            try:
                target.status = await self._ask(target.ip, target.question)
                target.failures = 0
                self._count("answered")
            except BadAnswer:
                target.status, target.failures = None, max(target.failures + 1, FORGOTTEN_AFTER)
                self._count("bad-answer")
            except (aiohttp.ClientError, TimeoutError, OSError):
                target.failures += 1
                if target.failures >= FORGOTTEN_AFTER:
                    target.status = None
                self._count("no-answer")
            if self._targets.get(pod) is not target:
                return
            target.due = asyncio.get_running_loop().time() + self._again_after(pod, target)
            target.again = False
            self._push(pod)
            if target.status != before or (before is None and target.failures == FORGOTTEN_AFTER):
                self._changed(target.key, target.question.urgency(before, target.status))
        finally:
            room.release()
            self._open[pod.namespace] -= 1
            if not self._open[pod.namespace]:
                del self._open[pod.namespace]
            self._let_in(pod.namespace)

    def _again_after(self, pod: Ref, target: _Target) -> float:
        """Twice as long after each failure, once what it said is forgotten."""
        if target.again:
            return 0.0
        if self.pending(pod):
            return FIRST_AGAIN_SECONDS
        beyond = target.failures - FORGOTTEN_AFTER + 1
        if beyond <= 0:
            return self.interval
        return max(self.interval, min(SELDOM_SECONDS, self.interval * 2.0 ** min(beyond, 30)))

    def _let_in(self, namespace: str) -> None:
        """The first that was held, for somebody's turn there is over, or came to nothing."""
        held = self._held.get(namespace, {})
        now = asyncio.get_running_loop().time()
        while held:
            pod = next(iter(held))
            del held[pod]
            target = self._targets.get(pod)
            if target is not None and target.due <= now:
                self._push(pod)
                break
        if not held:
            self._held.pop(namespace, None)

    async def _ask_by_http(self, ip: str, question: Question) -> Answer:
        assert self._session is not None
        host = f"[{ip}]" if ":" in ip else ip
        url = f"http://{host}:{question.port}{question.path}"
        async with self._session.get(
            url, allow_redirects=False, headers={"Accept-Encoding": "identity"}
        ) as response:
            if response.status != 200:
                raise BadAnswer(f"status {response.status}")
            content = bytearray()
            async for chunk in response.content.iter_any():
                content += chunk
                if len(content) > question.most_bytes:
                    raise BadAnswer("too long")
            return question.read(bytes(content))
