"""MiniLM in its own process: texts in, vectors out (minilm.py). Rules: texts come in lots of a bounded size, so that a
question waits for one lot at most."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from parley_dataplane.engines.workers.channel import Channel, OneRequest, RefusedError, serve
from parley_dataplane.engines.workers.frames import Kind
from parley_dataplane.engines.workers.minilm import MiniLm


class Meaning(OneRequest):
    """Config: {"model": folder, "nice": as nice(2) takes it}; a request: {"texts"}. Answers: DATA = float32, 384 of
    each text.
    """

    def __init__(self, channel: Channel, config: Any) -> None:
        self._channel = channel
        os.nice(config["nice"])
        folder = Path(config["model"])
        try:
            self._network = MiniLm(folder)
        except Exception as error:  # safetensors has its own, and no base of them
            detail = f"MiniLM can't be loaded ({str(error)[:200]}): install it again"
            raise RefusedError("engine-unavailable", detail) from error

    def open(self, stream: int, request: Any) -> None:
        self._channel.send(Kind.DATA, stream, self._network.embed(request["texts"]).tobytes())
        self._channel.send(Kind.DONE, stream)


if __name__ == "__main__":
    serve(Meaning)
