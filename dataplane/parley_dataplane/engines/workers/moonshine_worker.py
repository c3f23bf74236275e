"""Moonshine in its own process: 16 kHz PCM in, texts that stay and one final text with its other readings out
(utterances.py, moonshine_model.py).

A final text is searched for twice: freely, and with nothing but the words that the agent expects. The second one is the
first of the other readings: of the agent's own phrases, 80 % were understood by the free one, 89 by both.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from parley_dataplane.engines.language_model import LanguageModel
from parley_dataplane.engines.workers.agreement import Agreement
from parley_dataplane.engines.workers.channel import Channel, RefusedError, serve
from parley_dataplane.engines.workers.moonshine_model import Floats, MoonshineModel, Reading, Search
from parley_dataplane.engines.workers.utterances import RATE, Decoded, Samples, Utterances

_PART_SECS = 12.0
"""The cost of a decoding grows with the square of its length: so who speaks for long waits no longer for the answer.
"""

_LONGEST_PHRASE_SECS = 8.0
"""What is longer is none of the agent's own phrases."""

_FREE = Search(beams=4, trust=0.3)
"""Words wrong, 108 questions to the examples in other words than theirs, three voices, quiet / noise of 15 dB: with a
trust of 0.2 20.0 / 27.2 %, 0.3 20.0 / 27.7, 0.4 21.2 / 28.8. Eight beams are no better for half as much time again.
"""

_CLOSED = Search(beams=6, trust=1.0, closed=True)
_FARTHEST = 8.0
"""How much less likely (natural logarithm) than the free reading the closed one may be and still count as another one.
"""

_ALTERNATIVES = 5

_HELD_BACK, _AGREEING = 1, 6
"""A word is stable that six decodings have alike and that is not the last one. Of 36 questions the final decoding had
one of these otherwise in 3; with two words held back and three decodings in 15.
"""

_DREAMT = "You"
"""What the network writes where nobody has spoken: noise, a click, a cough."""


class Moonshine(Utterances):
    """Config: {"model": folder, "expected": file with {"texts", "knowledge"} as LanguageModel.of takes them}."""

    def __init__(self, channel: Channel, config: Any) -> None:
        super().__init__(channel, _PART_SECS)
        folder = Path(config["model"])
        expected = json.loads(Path(config["expected"]).read_text("utf-8"))
        language = LanguageModel.of(expected["texts"], expected["knowledge"])
        try:
            self._model = MoonshineModel(folder, language)
        except Exception as error:  # onnxruntime has its own, and no base of them
            detail = f"Moonshine's model {folder.name} can't be loaded ({str(error)[:200]}): install it again"
            raise RefusedError("engine-unavailable", detail) from error

    def begin(self, request: Any) -> Agreement:
        return Agreement("en", _HELD_BACK, _AGREEING)

    def cancel(self, stream: int) -> None:
        super().cancel(stream)
        if self.is_idle:
            self._model.forget()

    def decode(self, samples: Samples, request: Any, final: bool, go_on: Callable[[], bool]) -> Decoded:
        def is_wanted() -> bool:
            self._channel.still_alive()
            return go_on()

        states = self._model.encode(samples)
        secs = len(samples) / RATE
        readings = self._model.read(states, secs, _FREE, is_wanted)
        if not readings or readings[0].text.strip(".?!") == _DREAMT:
            return Decoded()
        if final and secs <= _LONGEST_PHRASE_SECS:
            readings = self._with_closed(readings, states, secs, is_wanted)
        texts = dict.fromkeys(one.text for one in readings)
        best, *others = texts
        return Decoded(best, tuple(others[:_ALTERNATIVES]), readings[0].confidence)

    def _with_closed(
        self, readings: list[Reading], states: Floats, secs: float, go_on: Callable[[], bool]
    ) -> list[Reading]:
        """The free readings, and the likeliest closed one in the first or the second place, if it is near the first."""
        free = readings[0]
        for closed in self._model.read(states, secs, _CLOSED, go_on)[:1]:
            if free.heard - closed.heard <= _FARTHEST:
                is_first = closed.score(_FREE.trust) > free.score(_FREE.trust)
                return [closed, *readings] if is_first else [free, closed, *readings[1:]]
        return readings


if __name__ == "__main__":
    serve(Moonshine)
