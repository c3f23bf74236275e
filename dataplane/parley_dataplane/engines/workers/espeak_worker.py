"""eSpeak NG in its own process: text in, 24 kHz PCM and the places of words out.

Rules: one clause is synthesized at a time (ten seconds of speech take 8 ms); a cancelled one stops at the
next 40 ms of audio. The library, GPL, is loaded here alone and never into the parent's process.
"""

from __future__ import annotations

import ctypes
import struct
from typing import Any

import espeakng_loader
import numpy as np
import numpy.typing as npt

from parley_dataplane.engines.workers.channel import Channel, OneRequest, RefusedError, serve
from parley_dataplane.engines.workers.frames import Kind
from parley_dataplane.engines.workers.resampler import Resampler

SPEAKING_RATE = 24_000

# speak_lib.h of eSpeak NG 1.52.
_SYNCHRONOUS = 2
_DONT_EXIT = 0x8000
_CHARS_UTF8 = 1
_RATE, _PITCH = 1, 3
_EVENT_WORD = 1
_PHONEMES_IPA = 0x02
_BUFFER_MS = 40


class _Id(ctypes.Union):
    _fields_ = (("number", ctypes.c_int), ("name", ctypes.c_char_p), ("string", ctypes.c_char * 8))


class _Event(ctypes.Structure):
    _fields_ = (
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", _Id),
    )


class _Voice(ctypes.Structure):
    _fields_ = (
        ("name", ctypes.c_char_p),
        ("languages", ctypes.c_char_p),
        ("identifier", ctypes.c_char_p),
        ("gender", ctypes.c_ubyte),
        ("age", ctypes.c_ubyte),
        ("variant", ctypes.c_ubyte),
        ("xx1", ctypes.c_ubyte),
        ("score", ctypes.c_int),
        ("spare", ctypes.c_void_p),
    )


_Callback = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event)
)


class Espeak(OneRequest):
    """Requests: {"text", "voice", "rate", "pitch"} to be said, or {"pronounce": [words], "voice"}.

    Answers: DATA = count of words, (place in the text, first sample) of each, PCM; or one RESULT, a list of
    IPA.
    """

    def __init__(self, channel: Channel, config: Any) -> None:
        self._channel = channel
        self._library = ctypes.CDLL(espeakng_loader.get_library_path())
        data = espeakng_loader.get_data_path().encode()
        self._rate = self._library.espeak_Initialize(_SYNCHRONOUS, _BUFFER_MS, data, _DONT_EXIT)
        if self._rate <= 0:
            raise RefusedError(
                "engine-unavailable", "eSpeak NG does not start: reinstall the package espeakng-loader"
            )
        self._voice = ""
        self._set_voice(config["voice"])
        self._stream = 0
        self._resampler = Resampler(self._rate, SPEAKING_RATE)
        # Kept, since ctypes frees a callback that nobody holds.
        self._callback = _Callback(self._take)
        self._library.espeak_SetSynthCallback(self._callback)

    def open(self, stream: int, request: Any) -> None:
        self._set_voice(request["voice"])
        if "pronounce" in request:
            self._channel.send_json(Kind.RESULT, stream, [self._ipa(word) for word in request["pronounce"]])
        else:
            self._say(stream, request)
        self._channel.send(Kind.DONE, stream)

    def _say(self, stream: int, request: Any) -> None:
        self._library.espeak_SetParameter(_RATE, request["rate"], 0)
        self._library.espeak_SetParameter(_PITCH, request["pitch"], 0)
        text = request["text"].encode()
        self._stream = stream
        self._resampler = Resampler(self._rate, SPEAKING_RATE)
        self._library.espeak_Synth(text, len(text) + 1, 0, 1, 0, _CHARS_UTF8, None, None)
        self._send(self._resampler.flush(), [])

    def _take(self, wave: Any, count: int, events: Any) -> int:
        """eSpeak's callback: some audio, and what happens in it. 1 stops the synthesis."""
        if count:
            pcm = np.frombuffer(ctypes.string_at(wave, 2 * count), np.int16)
            self._send(self._resampler.push(pcm), self._words(events))
        self._channel.still_alive()
        return int(self._channel.is_cancelled(self._stream))

    def _words(self, events: Any) -> list[tuple[int, int]]:
        words = []
        index = 0
        while events[index].type:
            event = events[index]
            if event.type == _EVENT_WORD:
                words.append((event.text_position - 1, event.sample * SPEAKING_RATE // self._rate))
            index += 1
        return words

    def _send(self, pcm: npt.NDArray[np.int16], words: list[tuple[int, int]]) -> None:
        if len(pcm) or words:
            head = struct.pack("<H", len(words)) + b"".join(struct.pack("<II", *word) for word in words)
            self._channel.send(Kind.DATA, self._stream, head + pcm.tobytes())

    def _ipa(self, word: str) -> str:
        text = ctypes.create_string_buffer(word.encode())
        pointer = ctypes.c_void_p(ctypes.addressof(text))
        self._library.espeak_TextToPhonemes.restype = ctypes.c_char_p
        said = self._library.espeak_TextToPhonemes(ctypes.byref(pointer), _CHARS_UTF8, _PHONEMES_IPA)
        return (said or b"").decode()

    def _set_voice(self, name: str) -> None:
        if name == self._voice:
            return
        if self._library.espeak_SetVoiceByName(name.encode()):
            some = ", ".join(self._voices()[:12])
            raise RefusedError(
                "engine-unavailable", f"voice {name!r}: eSpeak NG has no such voice; use one of {some}, ..."
            )
        self._voice = name

    def _voices(self) -> list[str]:
        """Identifiers such as gmw/en-US, English ones first."""
        self._library.espeak_ListVoices.restype = ctypes.POINTER(ctypes.POINTER(_Voice))
        voices = self._library.espeak_ListVoices(None)
        names: list[str] = []
        while voices[len(names)]:
            names.append(voices[len(names)].contents.identifier.decode())
        return sorted(names, key=lambda name: (not name.startswith("gmw/en"), name))


if __name__ == "__main__":
    serve(Espeak)
