"""Owns what answers for the pods of fake nodes, at each pod's own address: an agent's `GET /v1/status`, a model
server's `GET /v1/models`.

kwok gives pods addresses of a loopback network (`PODS`), every one of which is this machine's without any set-up; a
server listens at each from the moment that the pod has it. What a pod runs is read from its annotation,
what it serves from its command line.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import threading
from itertools import takewhile
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

from aiohttp import web

from tests.controlplane.kubectl import Kubectl

PODS = f"127.{64 + os.getpid() % 128}.0.1/16"
"""For ControlPlane(pods=...); test runs side by side have addresses of their own. EndpointSlices can't hold loopback
addresses: nobody here asks for them."""

PORT = 9011
MODEL_PORT = 8000
MODEL_SERVER = "parley.dev/model-server"
DIGEST = "parley.dev/agent-digest"
SELECTOR = "app.kubernetes.io/managed-by=parley-operator"


def served(arguments: list[str]) -> list[str]:
    """The names of a model, by the command line of vLLM."""
    option = "--served-model-name"
    if option not in arguments:
        return arguments[:1]
    after = arguments[arguments.index(option) + 1 :]
    return list(takewhile(lambda argument: not argument.startswith("--"), after))


class AnsweringPods:
    """`with AnsweringPods(kubectl) as pods`: all pods answer; `pods.calls[name]` is how many calls one has."""

    def __init__(self, kubectl: Kubectl) -> None:
        self._kubectl = kubectl
        self.calls: dict[str, int] = {}
        self._loop = asyncio.new_event_loop()
        self._pods: dict[str, dict[str, Any]] = {}
        """By address."""
        self._servers: dict[str, web.AppRunner] = {}
        self.problem: OSError | None = None

    def __enter__(self) -> Self:
        self._serving = threading.Thread(target=self._loop.run_forever, name="pods-answer")
        self._serving.start()
        self._ends = threading.Event()
        self._watch = self._watched()
        self._reading = threading.Thread(target=self._read, name="pods-watched")
        self._reading.start()
        return self

    def _watched(self) -> subprocess.Popen[str]:
        path = f"/api/v1/pods?watch=true&labelSelector={quote(SELECTOR)}"
        program = [str(self._kubectl.program), "get", "--raw", path]
        environment = {**os.environ, "KUBECONFIG": str(self._kubectl.kubeconfig), "KUBECTL_KUBERC": "false"}
        return subprocess.Popen(program, env=environment, stdout=subprocess.PIPE, text=True)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ends.set()
        self._watch.terminate()
        self._watch.wait()
        self._reading.join()
        for address in list(self._servers):
            self._in_loop(self._silence(address))
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._serving.join()
        self._loop.close()
        assert self.problem is None, f"pods did not answer: {self.problem}"

    def _read(self) -> None:
        """Until the end, whatever the API server goes through meanwhile."""
        while not self._ends.is_set():
            self._follow()
            self._watch.wait()
            if not self._ends.wait(0.5):
                self._watch = self._watched()
                if self._ends.is_set():  # between the two: nobody else ends it
                    self._watch.terminate()

    def _follow(self) -> None:
        assert self._watch.stdout is not None
        for line in self._watch.stdout:
            event = json.loads(line)
            pod = event["object"]
            address = pod.get("status", {}).get("podIP")
            if not address:
                continue
            if event["type"] == "DELETED":
                self._pods.pop(address, None)
                self._in_loop(self._silence(address))
            else:
                self._pods[address] = pod
                is_model = MODEL_SERVER in pod["metadata"].get("labels", {})
                self._in_loop(self._listen(address, MODEL_PORT if is_model else PORT))

    def _in_loop(self, work: Any) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    async def _listen(self, address: str, port: int) -> None:
        if address in self._servers:
            return
        application = web.Application()
        application.router.add_get("/v1/status", self._status)
        application.router.add_get("/v1/models", self._models)
        runner = self._servers[address] = web.AppRunner(application, access_log=None)
        await runner.setup()
        try:
            await web.TCPSite(runner, address, port).start()
        except OSError as problem:
            self.problem = problem

    async def _silence(self, address: str) -> None:
        runner = self._servers.pop(address, None)
        if runner is not None:
            await runner.cleanup()

    def _pod(self, request: web.Request) -> dict[str, Any]:
        assert request.transport is not None
        pod = self._pods.get(request.transport.get_extra_info("sockname")[0])
        if pod is None:
            raise web.HTTPServiceUnavailable
        return pod

    async def _models(self, request: web.Request) -> web.Response:
        [container] = self._pod(request)["spec"]["containers"]
        return web.json_response({"data": [{"id": name} for name in served(container["args"])]})

    async def _status(self, request: web.Request) -> web.Response:
        metadata = self._pod(request)["metadata"]
        return web.json_response(
            {
                "calls": self.calls.get(metadata["name"], 0),
                "draining": "deletionTimestamp" in metadata,
                "agent_digest": metadata.get("annotations", {}).get(DIGEST, ""),
                "version": "0",
            }
        )
