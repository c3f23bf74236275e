"""A client of Voice AI Backend v2, written from that system's README alone.

    python -m tests.strangers.backend_v2 localhost:8000 question.wav answer.wav

The README names `POST /v2/sessions`, `GET /v2/sessions`, `ws://{host}/ws/v2/{session_id}` for "WebRTC signaling over
WebSocket", `/`, `/health`, `/metrics`. It prints no message. Taken for granted here: a session's id is called
`session_id`; the messages are JSON with a `type`, `offer` and `answer` carry an `sdp`, and candidates trickle both ways
as `ice-candidate` with the browser's own RTCIceCandidate as JSON, null when there are no more.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import time
from collections.abc import Iterator
from typing import Any

from aiortc import RTCPeerConnection, RTCSessionDescription
from aiortc.sdp import candidate_from_sdp
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from tests.speech import Pcm
from tests.strangers.handset import HEARD_RATE, MICROPHONE_RATE, Loudspeaker, Microphone
from tests.strangers.wav import read, write
from tests.strangers.web import Reply, get, post

CONNECTED_SECS, ANSWER_SECS, PAUSE_SECS = 30.0, 10.0, 1.0
"""The README's WEBRTC_TIMEOUT is the first."""


class Backend:
    """`async with Backend("localhost:8000") as backend: await backend.ask(pcm)`

    `session_id`: of a session that the caller wants to name himself; without it the backend is asked for a new one.
    """

    def __init__(self, host: str, session_id: str | None = None) -> None:
        self._http, self._ws = f"http://{host}", f"ws://{host}"
        self.session_id = session_id
        self._peer = RTCPeerConnection()
        self._signaling: ClientConnection | None = None
        self._listening: asyncio.Task[None] | None = None
        self.microphone, self.loudspeaker = Microphone(), Loudspeaker()
        self.received: list[dict[str, Any]] = []
        """Every signaling message, as it came."""
        self.answer_ms = 0.0
        """From the offer sent to its answer here."""

    async def __aenter__(self) -> Backend:
        if self.session_id is None:
            created = await self.create_session()
            if created.status not in (200, 201):
                raise ConnectionError(f"no session: {created.status} {created.text[:200]}")
            self.session_id = created.json()["session_id"]
        connected, answered = asyncio.Event(), asyncio.Event()

        @self._peer.on("connectionstatechange")
        def changed() -> None:
            if self._peer.connectionState == "connected":
                connected.set()

        self._peer.on("track", self.loudspeaker.play)
        self._peer.addTrack(self.microphone)
        await self._peer.setLocalDescription(await self._peer.createOffer())
        offer = self._peer.localDescription
        self._signaling = await connect(f"{self._ws}/ws/v2/{self.session_id}")
        self._listening = asyncio.create_task(self._listen(self._signaling, answered))
        begun = time.monotonic()
        await self._signaling.send(json.dumps({"type": "offer", "sdp": without_candidates(offer.sdp)}))
        for candidate in [*candidates(offer.sdp), None]:
            await self._signaling.send(json.dumps({"type": "ice-candidate", "candidate": candidate}))
        async with asyncio.timeout(CONNECTED_SECS):
            await answered.wait()
            self.answer_ms = (time.monotonic() - begun) * 1000
            await connected.wait()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._peer.close()
        await self.loudspeaker.close()
        if self._signaling is not None:
            await self._signaling.close()
        if self._listening is not None:
            await self._listening

    async def ask(self, question: Pcm) -> float:
        """Ask (48 kHz) while nobody speaks, and wait; return when the answer began, on the loudspeaker's clock."""
        before = self.loudspeaker.now
        await self.microphone.say(question)
        return await self.loudspeaker.voice(before, ANSWER_SECS)

    async def create_session(self) -> Reply:
        return await post(f"{self._http}/v2/sessions", {})

    async def sessions(self) -> Reply:
        return await get(f"{self._http}/v2/sessions")

    async def information(self) -> Reply:
        return await get(f"{self._http}/")

    async def health(self) -> Reply:
        return await get(f"{self._http}/health")

    async def metrics(self) -> str:
        return (await get(f"{self._http}/metrics")).text

    async def _listen(self, signaling: ClientConnection, answered: asyncio.Event) -> None:
        try:
            async for raw in signaling:
                message = json.loads(raw)
                self.received.append(message)
                match message["type"]:
                    case "answer":
                        described = RTCSessionDescription(sdp=message["sdp"], type="answer")
                        await self._peer.setRemoteDescription(described)
                        answered.set()
                    case "ice-candidate":
                        await self._add(message["candidate"])
        except ConnectionClosed:
            return

    async def _add(self, given: dict[str, Any] | None) -> None:
        if given is None or not given["candidate"]:
            await self._peer.addIceCandidate(None)
            return
        candidate = candidate_from_sdp(given["candidate"].removeprefix("candidate:"))
        candidate.sdpMid, candidate.sdpMLineIndex = given.get("sdpMid"), given.get("sdpMLineIndex")
        await self._peer.addIceCandidate(candidate)


def candidates(sdp: str) -> Iterator[dict[str, Any]]:
    """Return the candidates of a description with one medium as a browser would have told them one by one."""
    for line in sdp.splitlines():
        if line.startswith("a=candidate:"):
            yield {"candidate": line.removeprefix("a="), "sdpMid": "0", "sdpMLineIndex": 0}


def without_candidates(sdp: str) -> str:
    """Return the description that a browser has before it has gathered anything."""
    kept = [line for line in sdp.splitlines() if not line.startswith(("a=candidate:", "a=end-of-candidates"))]
    return "\r\n".join(kept) + "\r\n"


async def main(host: str, question: str, answer: str) -> None:
    async with Backend(host) as backend:
        print(f"session {backend.session_id}, offer answered in {backend.answer_ms:.0f} ms")
        line = backend.loudspeaker
        await asyncio.sleep(PAUSE_SECS)
        await line.pause(PAUSE_SECS, after=line.now, within=30)
        begun = await backend.ask(read(question, MICROPHONE_RATE))
        await line.pause(PAUSE_SECS, after=begun, within=60)
        write(answer, line.since(begun), HEARD_RATE)
        print((await backend.sessions()).text)


if __name__ == "__main__":
    words = argparse.ArgumentParser(description="Ask the backend a question that was recorded (mono WAV).")
    words.add_argument("host")
    words.add_argument("question")
    words.add_argument("answer")
    asyncio.run(main(**vars(words.parse_args())))
