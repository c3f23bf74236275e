"""What eSpeak NG (GPL) says, by its C interface (speak_lib.h), in a process of its own: `python tests/espeak.py JSON`.

One is started for each new sentence of the tests, so it imports next to nothing: numpy alone would take longer than
the speaking does.
"""

import ctypes
import json
import sys

import espeakng_loader

SYNCHRONOUS, RATE, PITCH, UTF8 = 2, 1, 3, 1

SEED = 3
"""Of what eSpeak NG draws: the same in each run, so that a question that is understood once always is."""


def speak(text: str, voice: str, variant: str, words_per_minute: int, pitch: int) -> bytes:
    """Return eSpeak's rate (4 bytes, little endian) and its samples."""
    lib = ctypes.CDLL(espeakng_loader.get_library_path())
    rate = lib.espeak_Initialize(SYNCHRONOUS, 0, espeakng_loader.get_data_path().encode(), 0)
    if rate <= 0:
        raise RuntimeError(f"espeak_Initialize answered {rate}")
    # It seeds the C library's dice by the clock, and lengths of sounds are drawn: each run would hear others.
    ctypes.CDLL(None).srand(SEED)
    chunks: list[bytes] = []

    def keep(wav: int | None, samples: int, _events: int | None) -> int:
        if wav and samples:
            chunks.append(ctypes.string_at(wav, samples * 2))
        return 0

    callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p)(keep)
    lib.espeak_SetSynthCallback(callback)
    name = voice + (f"+{variant}" if variant else "")
    if lib.espeak_SetVoiceByName(name.encode()) != 0:
        raise RuntimeError(f"there is no voice {name}")
    lib.espeak_SetParameter(RATE, words_per_minute, 0)
    lib.espeak_SetParameter(PITCH, pitch, 0)
    said = text.encode()
    lib.espeak_Synth(said, ctypes.c_size_t(len(said) + 1), 0, 0, 0, UTF8, None, None)
    lib.espeak_Synchronize()
    return int(rate).to_bytes(4, "little") + b"".join(chunks)


if __name__ == "__main__":
    sys.stdout.buffer.write(speak(**json.loads(sys.argv[1])))
