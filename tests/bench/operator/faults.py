"""A proxy before the API server that breaks some requests: what an operator meets on a bad day, by a seed.

It speaks plain HTTP to the operator, and to the API server it is the operator: it has its client certificate. Some
requests are answered 429 with Retry-After, 500 or 409, some are cut off after they were carried out, and watches end in
the middle or with 410.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import random
import ssl
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import yaml
from aiohttp import ClientSession, ClientTimeout, TCPConnector, web

FAULTS = {"429": 3.0, "500": 3.0, "409": 2.0, "lost": 1.0, "slow": 2.0}
"""Percent of the requests that are no watch."""

WATCH_SECS = 8.0
"""So long a watch lives at most; one in four ends with 410 Gone."""

_HOP_BY_HOP = {"host", "connection", "transfer-encoding", "content-length", "content-encoding", "keep-alive"}


class Faults:
    """`is_on` may be switched off, for the calm at the end."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self.is_on = True
        self.made: Counter[str] = Counter()

    def next(self) -> str:
        """What happens to the next request: a name of FAULTS, or ""."""
        drawn = self._chance.uniform(0, 100) if self.is_on else 100.0
        for name, percent in FAULTS.items():
            if drawn < percent:
                self.made[name] += 1
                return name
            drawn -= percent
        return ""

    def watch_secs(self) -> float:
        return self._chance.uniform(1, WATCH_SECS) if self.is_on else 3600.0

    def is_gone(self) -> bool:
        gone = self.is_on and self._chance.random() < 0.25
        self.made["410"] += gone
        return gone


@contextlib.asynccontextmanager
async def proxy(upstream: Path, faults: Faults, folder: Path) -> AsyncIterator[Path]:
    """A kubeconfig that leads through it to the cluster and user of the kubeconfig `upstream`."""
    url, trusted = _upstream(upstream)
    async with ClientSession(
        connector=TCPConnector(ssl=trusted, limit=0), timeout=ClientTimeout(total=None), auto_decompress=False
    ) as session:

        async def handle(request: web.Request) -> web.StreamResponse:
            return await _handle(request, session, url, faults)

        application = web.Application(client_max_size=16 * 2**20)
        application.router.add_route("*", "/{path:.*}", handle)
        runner = web.AppRunner(application, access_log=None, handler_cancellation=True, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        port = runner.addresses[0][1]
        through = folder / f"through-{port}.kubeconfig"
        through.write_text(yaml.safe_dump(_kubeconfig(port)))
        try:
            yield through
        finally:
            await runner.cleanup()


async def _handle(
    request: web.Request, session: ClientSession, url: str, faults: Faults
) -> web.StreamResponse:
    is_watch = request.query.get("watch") in ("true", "1", "True")
    if is_watch and faults.is_gone():
        return web.Response(body=_gone_event(), content_type="application/json")
    fault = "" if is_watch else faults.next()
    match fault:
        case "429":
            return web.json_response(
                _status(429, "TooManyRequests"), status=429, headers={"Retry-After": "1"}
            )
        case "500":
            return web.json_response(_status(500, "InternalError"), status=500)
        case "409":
            if request.method != "GET":
                return web.json_response(_status(409, "Conflict"), status=409)
        case "slow":
            await asyncio.sleep(1.5)
    headers = {name: value for name, value in request.headers.items() if name.lower() not in _HOP_BY_HOP}
    async with session.request(
        request.method, url + request.raw_path, headers=headers, data=await request.read()
    ) as answer:
        if fault == "lost":
            await answer.read()
            assert request.transport is not None
            request.transport.abort()
            return web.Response()  # its connection is cut: without it aiohttp would go on to answer there
        kept = {name: value for name, value in answer.headers.items() if name.lower() not in _HOP_BY_HOP}
        if encoding := answer.headers.get("Content-Encoding"):
            kept["Content-Encoding"] = encoding
        response = web.StreamResponse(status=answer.status, headers=kept)
        await response.prepare(request)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(faults.watch_secs() if is_watch else None):
                async for piece in answer.content.iter_any():
                    await response.write(piece)
        await response.write_eof()
        return response


def _upstream(kubeconfig: Path) -> tuple[str, ssl.SSLContext]:
    config: dict[str, Any] = yaml.safe_load(kubeconfig.read_text())
    cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
    folder = kubeconfig.parent
    pieces = {
        name: _piece(source, name, folder / f"{kubeconfig.name}.{name}.pem")
        for source, name in (
            (cluster, "certificate-authority"),
            (user, "client-certificate"),
            (user, "client-key"),
        )
    }
    trusted = ssl.create_default_context(cafile=pieces["certificate-authority"])
    trusted.load_cert_chain(pieces["client-certificate"], pieces["client-key"])
    return cluster["server"], trusted


def _piece(source: dict[str, str], name: str, path: Path) -> Path:
    """The file itself, or one that is written from the kubeconfig's data."""
    if name in source:
        return Path(source[name])
    path.touch(mode=0o600)
    path.write_bytes(base64.b64decode(source[f"{name}-data"]))
    return path


def _kubeconfig(port: int) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "through", "cluster": {"server": f"http://127.0.0.1:{port}"}}],
        "users": [{"name": "operator", "user": {}}],
        "contexts": [{"name": "through", "context": {"cluster": "through", "user": "operator"}}],
        "current-context": "through",
    }


def _status(code: int, reason: str) -> dict[str, Any]:
    return {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": f"{reason} by the bench",
        "reason": reason,
        "code": code,
    }


def _gone_event() -> bytes:
    return json.dumps({"type": "ERROR", "object": _status(410, "Expired")}).encode() + b"\n"
