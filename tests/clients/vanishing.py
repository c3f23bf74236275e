"""A peer that is there to be killed: `python -m tests.clients.vanishing ROUTE URL` calls and prints its id."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable

from tests.clients.sockets import DuplexClient, FastRtcClient, SocketClient
from tests.clients.webrtc import SignalingClient, WebRtcClient


async def main(route: str, url: str) -> None:
    clients: dict[str, Callable[[], WebRtcClient | SocketClient]] = {
        "/api/webrtc/offer": lambda: WebRtcClient(url),
        "/ws/v2": lambda: SignalingClient(url),
        "/api/v1/rtc/stream": lambda: FastRtcClient(url, streaming=True),
        "/ws": lambda: DuplexClient(url),
    }
    async with clients[route]() as call:
        print(call.session_id, flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
