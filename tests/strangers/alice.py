"""A client of Alice's voice gateway, written from that system's status page alone.

    python -m tests.strangers.alice http://localhost:8001 question.wav answer.wav

The page names the paths (`POST /api/webrtc/offer`, `GET /api/voice/sessions/{id}`, `POST /api/voice/stop-tts`,
`/health`, `/metrics`), and says that browser and gateway speak WebRTC both ways. It prints no body. Taken for granted
here: an offer and its answer are the browser's own RTCSessionDescription as JSON, the answer tells the session's id as
`session_id`, and stop-tts is told it by the same name.
"""

from __future__ import annotations

import argparse
import asyncio
import time

from aiortc import RTCPeerConnection, RTCSessionDescription

from tests.speech import Pcm
from tests.strangers.handset import HEARD_RATE, MICROPHONE_RATE, Loudspeaker, Microphone
from tests.strangers.wav import read, write
from tests.strangers.web import Reply, get, post

CONNECTED_SECS, ANSWER_SECS, PAUSE_SECS = 5.0, 10.0, 1.0


class Alice:
    """`async with Alice("http://localhost:8001") as alice: await alice.ask(pcm)`"""

    def __init__(self, gateway: str) -> None:
        self._gateway = gateway
        self._peer = RTCPeerConnection()
        self.microphone, self.loudspeaker = Microphone(), Loudspeaker()
        self.session_id = ""
        self.offer_ms = 0.0
        """From the offer sent to its answer here."""

    async def __aenter__(self) -> Alice:
        connected = asyncio.Event()

        @self._peer.on("connectionstatechange")
        def changed() -> None:
            if self._peer.connectionState == "connected":
                connected.set()

        self._peer.on("track", self.loudspeaker.play)
        self._peer.addTrack(self.microphone)
        await self._peer.setLocalDescription(await self._peer.createOffer())
        offer = self._peer.localDescription
        begun = time.monotonic()
        reply = await post(f"{self._gateway}/api/webrtc/offer", {"sdp": offer.sdp, "type": offer.type})
        self.offer_ms = (time.monotonic() - begun) * 1000
        if reply.status != 200:
            raise ConnectionError(f"the offer was answered with {reply.status}: {reply.text[:200]}")
        answer = reply.json()
        self.session_id = answer["session_id"]
        await self._peer.setRemoteDescription(RTCSessionDescription(sdp=answer["sdp"], type=answer["type"]))
        async with asyncio.timeout(CONNECTED_SECS):
            await connected.wait()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._peer.close()
        await self.loudspeaker.close()

    async def ask(self, question: Pcm) -> float:
        """Ask (48 kHz) while nobody speaks, and wait; return when the answer began, on the loudspeaker's clock."""
        before = self.loudspeaker.now
        await self.microphone.say(question)
        return await self.loudspeaker.voice(before, ANSWER_SECS)

    async def stop_speaking(self) -> Reply:
        return await post(f"{self._gateway}/api/voice/stop-tts", {"session_id": self.session_id})

    async def session(self) -> Reply:
        return await get(f"{self._gateway}/api/voice/sessions/{self.session_id}")

    async def health(self) -> Reply:
        return await get(f"{self._gateway}/health")

    async def test_page(self) -> Reply:
        return await get(f"{self._gateway}/test_webrtc_gateway.html")

    async def metrics(self) -> str:
        return (await get(f"{self._gateway}/metrics")).text


async def main(gateway: str, question: str, answer: str) -> None:
    async with Alice(gateway) as alice:
        print(f"session {alice.session_id}, offer answered in {alice.offer_ms:.0f} ms")
        line = alice.loudspeaker
        await asyncio.sleep(PAUSE_SECS)
        await line.pause(PAUSE_SECS, after=line.now, within=30)
        begun = await alice.ask(read(question, MICROPHONE_RATE))
        await line.pause(PAUSE_SECS, after=begun, within=60)
        write(answer, line.since(begun), HEARD_RATE)
        print((await alice.session()).text)


if __name__ == "__main__":
    words = argparse.ArgumentParser(description="Ask Alice a question that was recorded (mono WAV, 48 kHz).")
    words.add_argument("gateway")
    words.add_argument("question")
    words.add_argument("answer")
    asyncio.run(main(**vars(words.parse_args())))
