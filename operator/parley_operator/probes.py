"""GET /healthz, /readyz and /metrics, on one port.

Rules: they answer from the loop that does the work: where it is stuck they do not answer, and the probe fails.
/healthz fails where the loop runs and the work does not: a worker that is never done, keys that nobody takes. An API
server that is gone is no reason to be restarted. /readyz: every cache has been filled, in a standby too.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from aiohttp import web

from parley_operator.metrics import Metrics, Reading

STUCK_SECONDS = 120.0
"""Every request ends within 15 s, and the first that has no answer by then ends the look. A look takes some ten of them
one after another, and of others so many (reconcile.MOST_PODS), a few at a time, or for so long (LOOK_UP_SECONDS).
"""


class Health:
    """`finished_at`: when a worker was last done with a key, by the loop's clock."""

    def __init__(self, read: Callable[[], Reading], finished_at: Callable[[], float]) -> None:
        self._read = read
        self._finished_at = finished_at

    def stuck(self) -> str:
        """In words; "" where all is well."""
        now = self._read()
        if now.longest_at_work > STUCK_SECONDS:
            return f"a worker has been busy with one object for {now.longest_at_work:.0f} s"
        idle = asyncio.get_running_loop().time() - self._finished_at()
        if now.leader and now.synced and now.age > STUCK_SECONDS and idle > STUCK_SECONDS:
            return f"{now.depth} objects wait, the first for {now.age:.0f} s, and nothing is done"
        return ""

    def unready(self) -> str:
        return "" if self._read().synced else "not every kind has been listed yet"


def application(health: Health, metrics: Metrics) -> web.Application:
    def answer(problem: str) -> web.Response:
        return web.Response(text=f"{problem or 'ok'}\n", status=503 if problem else 200)

    async def healthz(request: web.Request) -> web.Response:
        return answer(health.stuck())

    async def readyz(request: web.Request) -> web.Response:
        return answer(health.unready())

    async def scrape(request: web.Request) -> web.Response:
        return web.Response(
            body=metrics.text(), headers={"Content-Type": "text/plain; version=0.0.4; charset=utf-8"}
        )

    app = web.Application()
    app.add_routes([web.get("/healthz", healthz), web.get("/readyz", readyz), web.get("/metrics", scrape)])
    return app


async def serve(app: web.Application, port: int) -> web.AppRunner:
    """On every address; to be ended by `cleanup`."""
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, port=port).start()
    return runner
