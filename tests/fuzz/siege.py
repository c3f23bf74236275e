"""A real server that strangers besiege, a call beside, and what has to hold after each round of theirs.

    with Siege() as siege:
        with siege.round():
            ...  # whatever, to siege.url

Rules: engines answer at once, so that what is tried is the doors and not the engines; a session that nobody uses ends
soon, so that what is left afterwards is a leak.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from types import TracebackType
from typing import Self

from tests.beside import Beside
from tests.server import ParleyServer

IDLE_SECS = 5
TONE_SECS = 300
"""Of the call beside: longer than any round."""
SETTLE_SECS = 30.0
MOST_GROWTH = 1.1
"""The server's memory after a round, of that after the first: 1.02 in 10 minutes of either search."""
OWN_FAULTS = ("error", "internal", "unexpected-event", "engine-")
"""How the codes of errors begin that no stranger should be able to cause."""


class Siege:
    def __init__(self) -> None:
        environment = {
            "BENCH_TONE_SECS": str(TONE_SECS),
            "SESSION_TIMEOUT": str(IDLE_SECS),
            "WEBRTC_TIMEOUT": str(IDLE_SECS),
            "LOG_LEVEL": "error",  # each wrong message is a warning, and there are some thousand
        }
        self._server = ParleyServer("examples/bench.yaml", environment)
        self.url = self._server.url
        self.sent = 0
        """Messages or requests; who sends them counts."""
        self._resident: list[float] = []
        """MiB of the server's process after each round."""

    def __enter__(self) -> Self:
        self._server.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.__exit__(kind, error, trace)

    @contextlib.contextmanager
    def round(self) -> Iterator[None]:
        """Whatever is sent within: nobody beside notices, nothing fails, and nothing is left."""
        before = self._held()
        with Beside(self._server) as beside:
            beside.report()
            yield
            beside.noticed_nothing()
        deadline = time.monotonic() + SETTLE_SECS
        while (held := self._held()) != before:
            assert time.monotonic() < deadline, f"before {before}, {SETTLE_SECS:.0f} s afterwards {held}"
            time.sleep(0.2)
        faults = {
            labels["code"]: count
            for labels, count in self._server.metrics("parley_errors_total")
            if labels["code"].startswith(OWN_FAULTS) and count
        }
        assert not faults, f"{faults} in the log:\n{self._server.log()[-4_000:]}"
        assert "Traceback" not in self._server.log(), self._server.log()[-4_000:]
        self._resident.append(self._server.resident() / 2**20)
        assert self._resident[-1] <= MOST_GROWTH * self._resident[0], self.summary()

    def summary(self) -> str:
        """What was sent, and what the server's memory made of it."""
        first, last = self._resident[0], self._resident[-1]
        return (
            f"{self.sent} sent in {len(self._resident)} rounds, "
            f"{first:.0f} MiB after the first, {last:.0f} MiB after the last"
        )

    def _held(self) -> dict[str, float]:
        """What strangers could leave behind."""
        return {
            "sessions": self._server.metric("parley_sessions_active"),
            "tasks": self._server.metric("parley_asyncio_tasks"),
            "descriptors": self._server.descriptors(),
        }
