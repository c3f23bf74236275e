"""Moonshine in its own process: 16 kHz PCM in, texts that stay and one final text with its other readings out
(utterances.py, moonshine_model.py)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from parley_dataplane.engines.language_model import LanguageModel
from parley_dataplane.engines.workers.agreement import Agreement
from parley_dataplane.engines.workers.channel import Channel, RefusedError, serve
from parley_dataplane.engines.workers.moonshine_model import MoonshineModel
from parley_dataplane.engines.workers.utterances import RATE, Decoded, Samples, Utterances

_PART_SECS = 20.0
"""The network was made for utterances of up to half a minute, and its cost grows with their square."""

_BEAMS = 4
"""Words wrong, questions of tests/bench/confidence.csv, quiet / noise of 15 dB: one beam 21 / 28 %, four 16 / 20, eight
no better for half as much time again."""

_ALTERNATIVES = 5

_DREAMT = "You"
"""What the network writes where nobody has spoken: noise, a click, a cough."""


class Moonshine(Utterances):
    """Config: {"model": folder, "texts", "knowledge": as LanguageModel.of takes them}."""

    def __init__(self, channel: Channel, config: Any) -> None:
        super().__init__(channel, _PART_SECS)
        folder = Path(config["model"])
        language = LanguageModel.of(config["texts"], config["knowledge"])
        try:
            self._model = MoonshineModel(folder, language)
        except Exception as error:  # onnxruntime has its own, and no base of them
            detail = f"Moonshine's model {folder.name} can't be loaded ({str(error)[:200]}): install it again"
            raise RefusedError("engine-unavailable", detail) from error

    def begin(self, request: Any) -> Agreement:
        return Agreement("en")

    def decode(self, samples: Samples, request: Any, final: bool, go_on: Callable[[], bool]) -> Decoded:
        def is_wanted() -> bool:
            self._channel.still_alive()
            return go_on()

        states = self._model.encode(samples)
        readings = self._model.read(states, len(samples) / RATE, _BEAMS if final else 1, is_wanted)
        if not readings or readings[0].text.strip(".?!") == _DREAMT:
            return Decoded()
        best, *others = readings
        return Decoded(best.text, tuple(one.text for one in others[:_ALTERNATIVES]), best.confidence)


if __name__ == "__main__":
    serve(Moonshine)
