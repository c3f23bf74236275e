"""Text to phonemes by eSpeak NG, for voices that take no letters.

Rules: eSpeak NG is GPL: this is imported in worker processes alone.
"""

from __future__ import annotations

import ctypes
import re

import espeakng_loader

from parley_dataplane.engines.workers.channel import RefusedError

# speak_lib.h of eSpeak NG 1.52.
_SYNCHRONOUS = 2
_DONT_EXIT = 0x8000
_CHARS_UTF8 = 1
_PHONEMES_IPA = 0x02

_LANGUAGE_SWITCH = re.compile(r"\([a-z-]+\)")
"""(en), where eSpeak says a word as another language does."""


class Phonemizer:
    """`voice` as eSpeak names it: "en-us"."""

    def __init__(self, voice: str) -> None:
        self._library = ctypes.CDLL(espeakng_loader.get_library_path())
        self._library.espeak_TextToPhonemes.restype = ctypes.c_char_p
        data = espeakng_loader.get_data_path().encode()
        if self._library.espeak_Initialize(_SYNCHRONOUS, 0, data, _DONT_EXIT) <= 0:
            raise RefusedError(
                "engine-unavailable", "eSpeak NG does not start: reinstall the package espeakng-loader"
            )
        if self._library.espeak_SetVoiceByName(voice.encode()):
            raise RefusedError(
                "engine-unavailable",
                f"voice {voice[:40]!r} of the voice's JSON file: eSpeak NG has no such voice",
            )

    def ipa(self, text: str) -> str:
        """Of some words of one language."""
        buffer = ctypes.create_string_buffer(text.encode())
        pointer = ctypes.c_void_p(ctypes.addressof(buffer))
        said = []
        while pointer.value:  # eSpeak reads clause by clause
            ipa = self._library.espeak_TextToPhonemes(ctypes.byref(pointer), _CHARS_UTF8, _PHONEMES_IPA)
            said.append((ipa or b"").decode())
        return _LANGUAGE_SWITCH.sub("", " ".join(filter(None, said)))
