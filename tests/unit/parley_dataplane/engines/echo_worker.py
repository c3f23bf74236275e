"""A worker for tests: sends back what it gets, and does what a broken engine would do when told to."""

from __future__ import annotations

import os
import time
from typing import Any

from parley_dataplane.engines.workers.channel import Channel, RefusedError, serve
from parley_dataplane.engines.workers.frames import Kind


class Echo:
    def __init__(self, channel: Channel, config: Any) -> None:
        if config.get("refuse"):
            raise RefusedError("engine-unavailable", config["refuse"])
        if config.get("die"):
            os._exit(3)
        self._channel = channel

    def open(self, stream: int, request: Any) -> None:
        match request.get("do"):
            case "die":
                os._exit(7)
            case "hang":
                time.sleep(60)
            case "compute":
                until = time.monotonic() + request["secs"]
                while time.monotonic() < until:
                    pass
            case "refuse":
                raise RefusedError("engine-unavailable", "not today")
            case "print":
                print("spoken words")
                os.write(1, b"more of them")
            case "environment":
                self._channel.send_json(Kind.RESULT, stream, dict(os.environ))
            case "count":
                self._count(stream)

    def data(self, stream: int, payload: bytes) -> None:
        self._channel.send(Kind.DATA, stream, payload)

    def end(self, stream: int) -> None:
        self._channel.send(Kind.DONE, stream)

    def cancel(self, stream: int) -> None:
        pass

    def _count(self, stream: int) -> None:
        """Work for ten seconds, unless told to stop; what it got to is the answer to the next request."""
        for _ in range(1000):
            if self._channel.is_cancelled(stream):
                return
            self._channel.still_alive()
            time.sleep(0.01)


if __name__ == "__main__":
    serve(Echo)
