"""The system's own microphone and loudspeaker, by sounddevice (PortAudio), which only this file loads.

Rules: PortAudio calls from a thread of its own: what it brings is handed to the loop, what it takes is under a lock;
the clocks of a sound card and of this program differ, so what has piled up is left out rather than heard late.
"""

from __future__ import annotations

import asyncio
import threading
from types import ModuleType, TracebackType
from typing import Any, Protocol, Self

from parley.client.errors import NoSound
from parley.client.events import DOWN_RATE, Audio, Event, Interrupted, Reconnecting
from parley.client.voice import FRAME_SAMPLES, UP_RATE

MOST_UNSENT_SECS = 0.2
MOST_UNPLAYED_BYTES = 2 * DOWN_RATE * 30


class Speaking(Protocol):
    """What a microphone needs of a call."""

    @property
    def unsent_secs(self) -> float: ...

    def send_audio(self, pcm: bytes) -> None: ...


class Microphone:
    def __init__(self, call: Speaking) -> None:
        """Raises NoSound."""
        self._call = call
        self._loop = asyncio.get_running_loop()
        self._stream = _opened(
            "RawInputStream", samplerate=UP_RATE, blocksize=FRAME_SAMPLES, callback=self._heard
        )

    def __enter__(self) -> Self:
        self._stream.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stream.close()

    def _heard(self, samples: Any, count: int, time: object, status: object) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._say, bytes(samples))

    def _say(self, pcm: bytes) -> None:
        if self._call.unsent_secs < MOST_UNSENT_SECS:
            self._call.send_audio(pcm)


class Loudspeaker:
    def __init__(self) -> None:
        """Raises NoSound."""
        self._waiting = bytearray()
        self._lock = threading.Lock()
        self._stream = _opened("RawOutputStream", samplerate=DOWN_RATE, callback=self._wanted)

    def __enter__(self) -> Self:
        self._stream.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stream.close()

    def hear(self, event: Event) -> None:
        """Play audio behind what is playing, and stop at once where an answer does."""
        with self._lock:
            if isinstance(event, Audio) and len(self._waiting) < MOST_UNPLAYED_BYTES:
                self._waiting += event.pcm
            elif isinstance(event, Interrupted | Reconnecting):
                self._waiting.clear()

    def _wanted(self, out: Any, count: int, time: object, status: object) -> None:
        with self._lock:
            given = bytes(self._waiting[: len(out)])
            del self._waiting[: len(out)]
        out[:] = given + bytes(len(out) - len(given))


def _opened(kind: str, **settings: Any) -> Any:
    sounddevice = _library()
    try:
        return getattr(sounddevice, kind)(channels=1, dtype="int16", **settings)
    except sounddevice.PortAudioError as error:
        raise NoSound(
            f"the sound device can't be opened ({error}): plug one in, or choose another default"
        ) from None


def _library() -> ModuleType:
    try:
        import sounddevice
    except ImportError:
        raise NoSound(
            "sounddevice is not installed: python -m pip install sounddevice, or give audio to send_audio"
        ) from None
    except OSError:  # the wheel for Linux comes without PortAudio
        raise NoSound("PortAudio is not installed: on Debian, apt install libportaudio2") from None
    assert isinstance(sounddevice, ModuleType)
    return sounddevice
