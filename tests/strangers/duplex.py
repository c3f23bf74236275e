"""A client of the full-duplex agent ("Real-Time Voice AI System"), written from that system's README alone.

    python -m tests.strangers.duplex ws://localhost:8000/ws question.wav answer.wav

The README's diagram has raw audio chunks going up one WebSocket, and fillers ("Hmm.."), text chunks and Int16 audio
bytes coming down it, and `{"type": "interrupt"}` sent when the client's own volume-based detector hears the user while
the agent speaks. It prints neither path nor rates nor any other message. Taken for granted here: `/ws`; Int16 both
ways, at the rate that Whisper hears (16 kHz) and the one that Kokoro speaks (24 kHz), in a ScriptProcessor's buffers of
4,096 samples, all the time; and that messages are JSON with a `type`, like the one it prints, their words in `text`.
Its chunks are sentences ("the first sentence chunk"), and are shown with a space between them.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import time
from typing import Any

import numpy as np
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from tests.speech import Pcm
from tests.strangers.wav import read, write

UP_RATE, DOWN_RATE = 16_000, 24_000
BUFFER_SAMPLES = 4_096
VOLUME = 0.02
"""Of full scale (RMS): a louder buffer is the user's voice."""
PAUSE_SECS, ANSWER_SECS = 1.0, 10.0


class Duplex:
    """`async with Duplex("ws://localhost:8000/ws") as agent: await agent.ask(pcm)`

    `silence`: whether the microphone is streamed while nobody speaks ("Strict Client-Side VAD" streams none).
    """

    def __init__(self, url: str, *, silence: bool = True) -> None:
        self._url = url
        self._silence = silence
        self._socket: ClientConnection | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._unsaid = np.zeros(0, np.int16)
        self._said = asyncio.Event()
        self._came: list[tuple[float, bytes]] = []
        self.messages: list[dict[str, Any]] = []
        """Every message in JSON since the last `ask`, as it came."""
        self.playing_until = 0.0
        """When all that has come will have been played, on the clock of `time.monotonic`."""
        self.interrupted_at = -float("inf")

    async def __aenter__(self) -> Duplex:
        self._socket = await connect(self._url)
        self._tasks = [
            asyncio.create_task(self._speak(self._socket)),
            asyncio.create_task(self._listen(self._socket)),
        ]
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._socket is not None:
            await self._socket.close()
        speaking, listening = self._tasks
        speaking.cancel()
        await asyncio.gather(speaking, listening, return_exceptions=True)

    @property
    def playing(self) -> bool:
        return time.monotonic() < self.playing_until

    async def ask(self, question: Pcm) -> float:
        """Ask (16 kHz) and wait for the first byte of the answer; return how many seconds that took."""
        self.messages.clear()
        await self.say(question)
        asked = time.monotonic()
        self._came.clear()
        async with asyncio.timeout(ANSWER_SECS):
            while not self._came:
                await asyncio.sleep(0.01)
        return self._came[0][0] - asked

    async def say(self, pcm: Pcm) -> None:
        """Say `pcm` (16 kHz); returns when its last sample has been sent."""
        self._unsaid = np.concatenate([self._unsaid, pcm])
        self._said.clear()
        await self._said.wait()

    async def interrupt(self) -> None:
        """Halt the playback and tell the backend."""
        assert self._socket is not None
        self.playing_until = self.interrupted_at = time.monotonic()
        await self._socket.send(json.dumps({"type": "interrupt"}))

    async def quiet(self, seconds: float, within: float) -> None:
        """Wait until nothing has come for `seconds`; raises TimeoutError after `within` seconds."""
        begun = time.monotonic()
        async with asyncio.timeout(within):
            while time.monotonic() - max(begun, self.last_byte) < seconds:
                await asyncio.sleep(0.01)

    @property
    def last_byte(self) -> float:
        """When audio came last; the past where none has come since the last `take` or `ask`."""
        return self._came[-1][0] if self._came else -float("inf")

    def take(self) -> Pcm:
        """Return the audio that has come since the last question was asked (24 kHz)."""
        came, self._came = self._came, []
        return np.frombuffer(b"".join(audio for _, audio in came), np.int16)

    def shown(self) -> str:
        """Return what the page shows since the last `ask`: the words of all messages that have any, with one space
        between, as HTML does.
        """
        return " ".join(" ".join(message["text"] for message in self.messages if "text" in message).split())

    async def _speak(self, socket: ClientConnection) -> None:
        """Stream the microphone, a buffer whenever it is full."""
        begun, sent = time.monotonic(), 0
        while True:
            sent += BUFFER_SAMPLES
            await asyncio.sleep(max(0.0, begun + sent / UP_RATE - time.monotonic()))
            buffer, self._unsaid = self._unsaid[:BUFFER_SAMPLES], self._unsaid[BUFFER_SAMPLES:]
            if self.playing and volume(buffer) > VOLUME:
                await self.interrupt()
            if self._silence:
                buffer = np.pad(buffer, (0, BUFFER_SAMPLES - buffer.size))
            if buffer.size:
                await socket.send(buffer.tobytes())
            if self._unsaid.size == 0:
                self._said.set()

    async def _listen(self, socket: ClientConnection) -> None:
        try:
            async for message in socket:
                if isinstance(message, str):
                    self.messages.append(json.loads(message))
                else:
                    now = time.monotonic()
                    self._came.append((now, message))
                    self.playing_until = max(now, self.playing_until) + len(message) / 2 / DOWN_RATE
        except ConnectionClosed:
            return


def volume(pcm: Pcm) -> float:
    """Return the RMS of `pcm` as a share of full scale."""
    return float(np.sqrt(np.mean((pcm / 32768) ** 2))) if pcm.size else 0.0


async def main(url: str, question: str, answer: str) -> None:
    async with Duplex(url) as agent:
        print(f"first audio after {await agent.ask(read(question, UP_RATE)):.2f} s")
        await agent.quiet(PAUSE_SECS, within=60)
        write(answer, agent.take(), DOWN_RATE)
        for message in agent.messages:
            print(message)


if __name__ == "__main__":
    words = argparse.ArgumentParser(
        description="Ask the full-duplex agent a question that was recorded (mono WAV)."
    )
    words.add_argument("url")
    words.add_argument("question")
    words.add_argument("answer")
    asyncio.run(main(**vars(words.parse_args())))
