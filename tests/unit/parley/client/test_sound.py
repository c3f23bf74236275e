"""The microphone and the loudspeaker over a sounddevice that the test is, and without one."""

from __future__ import annotations

import asyncio
import sys
from types import ModuleType
from typing import Any

import pytest

from parley.client.errors import NoSound
from parley.client.events import Audio, Interrupted, Text
from parley.client.sound import MOST_UNSENT_SECS, Loudspeaker, Microphone


class NotedStream:
    made: list[NotedStream]

    def __init__(self, **settings: Any) -> None:
        self.settings, self.running = settings, False
        self.made.append(self)

    def start(self) -> None:
        self.running = True

    def close(self) -> None:
        self.running = False


@pytest.fixture
def streams(monkeypatch: pytest.MonkeyPatch) -> list[NotedStream]:
    NotedStream.made = []
    library = ModuleType("sounddevice")
    vars(library).update(RawInputStream=NotedStream, RawOutputStream=NotedStream, PortAudioError=OSError)
    monkeypatch.setitem(sys.modules, "sounddevice", library)
    return NotedStream.made


class NotedCall:
    def __init__(self) -> None:
        self.unsent_secs = 0.0
        self.said: list[bytes] = []

    def send_audio(self, pcm: bytes) -> None:
        self.said.append(pcm)


def test_what_the_microphone_hears_is_said_and_what_piled_up_is_not(streams: list[NotedStream]) -> None:
    async def scenario() -> None:
        call = NotedCall()
        with Microphone(call):
            [stream] = streams
            assert stream.running
            wanted = {"samplerate": 16_000, "channels": 1, "dtype": "int16", "blocksize": 320}
            assert wanted.items() <= stream.settings.items()
            hear = stream.settings["callback"]
            await asyncio.to_thread(hear, memoryview(b"one."), 2, None, None)
            await asyncio.sleep(0)
            call.unsent_secs = MOST_UNSENT_SECS
            await asyncio.to_thread(hear, memoryview(b"late"), 2, None, None)
            await asyncio.sleep(0)
        assert call.said == [b"one."]
        assert not stream.running

    asyncio.run(scenario())


def test_the_loudspeaker_plays_in_order_then_silence_and_stops_at_an_interruption(
    streams: list[NotedStream],
) -> None:
    def played(size: int) -> bytes:
        out = bytearray(b"?" * size)
        streams[0].settings["callback"](memoryview(out), size // 2, None, None)
        return bytes(out)

    with Loudspeaker() as loudspeaker:
        for event in (Audio(b"abcd"), Text("not heard"), Audio(b"efgh")):
            loudspeaker.hear(event)
        assert [played(6), played(6)] == [b"abcdef", b"gh\0\0\0\0"]
        loudspeaker.hear(Audio(b"ijkl"))
        loudspeaker.hear(Interrupted())
        assert played(4) == bytes(4)


def test_without_sounddevice_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    with pytest.raises(NoSound, match=r"python -m pip install sounddevice,"):
        Loudspeaker()


def test_a_machine_without_a_device_is_told_so(
    streams: list[NotedStream], monkeypatch: pytest.MonkeyPatch
) -> None:
    def none(**settings: Any) -> None:
        raise OSError("no default output device")

    monkeypatch.setattr(sys.modules["sounddevice"], "RawOutputStream", none)
    with pytest.raises(NoSound, match="no default output device"):
        Loudspeaker()
