"""`python -m tests.bench.operator.stand_in`: one process that answers for all fake pods: `GET /v1/status` for agents',
`GET /v1/models` for model servers'.

Their addresses are this machine's own (AnyIP: a route of the whole range to the loopback), and it listens on all of
them: which pod is asked is which address was called. What a pod runs is read from its annotation, or its command line,
as kwok can't say it.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
from typing import Any

from aiohttp import web
from kubernetes_asyncio import client, config, watch

from tests.contract.answering_pods import DIGEST, PORT, SELECTOR

MODELS_PORT = 8_000
"""vLLM's."""


async def main() -> None:
    await config.load_kube_config(os.environ["KUBECONFIG"])
    digests: dict[str, str] = {}
    served: dict[str, list[str]] = {}

    async def status(request: web.Request) -> web.Response:
        assert request.transport is not None
        address = request.transport.get_extra_info("sockname")[0]
        if (digest := digests.get(address)) is None:
            raise web.HTTPServiceUnavailable
        return web.json_response({"calls": 0, "draining": False, "agent_digest": digest, "version": "0"})

    async def models(request: web.Request) -> web.Response:
        assert request.transport is not None
        address = request.transport.get_extra_info("sockname")[0]
        if not (names := served.get(address)):
            raise web.HTTPServiceUnavailable
        return web.json_response({"object": "list", "data": [{"id": name} for name in names]})

    application = web.Application()
    application.router.add_get("/v1/status", status)
    application.router.add_get("/v1/models", models)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    for port in (PORT, MODELS_PORT):
        await web.TCPSite(runner, "0.0.0.0", port, backlog=4096, reuse_address=True).start()
    print("ready", flush=True)
    await _follow(digests, served)


async def _follow(digests: dict[str, str], served: dict[str, list[str]]) -> None:
    """Keep what each address runs, for as long as the process lives."""
    async with client.ApiClient() as api:
        core = client.CoreV1Api(api)
        while True:
            with contextlib.suppress(asyncio.TimeoutError, client.ApiException):
                async with watch.Watch().stream(
                    core.list_pod_for_all_namespaces, label_selector=SELECTOR, timeout_seconds=300
                ) as events:
                    async for event in events:
                        _take(event["type"], event["object"], digests, served)
            await asyncio.sleep(0.5)


def _take(kind: str, pod: Any, digests: dict[str, str], served: dict[str, list[str]]) -> None:
    if not (address := pod.status.pod_ip):
        return
    if kind == "DELETED":
        digests.pop(address, None)
        served.pop(address, None)
    else:
        digests[address] = (pod.metadata.annotations or {}).get(DIGEST, "")
        served[address] = _served(pod.spec.containers[0])


def _served(container: Any) -> list[str]:
    """By what names a vLLM with this command line answers."""
    words = [*(container.command or ()), *(container.args or ())]
    if "--served-model-name" not in words:
        return []
    names = words[words.index("--served-model-name") + 1 :]
    return list(itertools.takewhile(lambda word: not word.startswith("--"), names))


if __name__ == "__main__":
    asyncio.run(main())
