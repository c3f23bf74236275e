"""PocketSphinx in its own process: 16 kHz PCM in, partial texts and one final text with its other
readings out.

Rules: one decoder per utterance in progress, reused afterwards; every utterance starts from the same
cepstral mean, so that what is heard does not depend on what came before.
"""

from __future__ import annotations

from itertools import islice
from typing import Any

from pocketsphinx import Config, Decoder

from parley_dataplane.engines.workers.channel import Channel, RefusedError, serve
from parley_dataplane.engines.workers.frames import Kind

_NBEST_SEEN = 40
"""The lattice's paths differ mostly in fillers and pronunciations, so that many say the same."""


class PocketSphinx:
    """Config: {"decoder": options, "cepstral_mean", "decoders": made in advance, "limit", "alternatives"}."""

    def __init__(self, channel: Channel, config: Any) -> None:
        self._channel = channel
        self._config = config
        self._idle = [self._make() for _ in range(config["decoders"])]
        self._busy: dict[int, Decoder] = {}
        self._partials: dict[int, str] = {}

    def open(self, stream: int, request: Any) -> None:
        if len(self._busy) >= self._config["limit"]:
            raise RefusedError(
                "engine-unavailable", f"{len(self._busy)} people speak at once: that is this worker's limit"
            )
        decoder = self._idle.pop() if self._idle else self._make()
        decoder.set_cmn(self._config["cepstral_mean"])
        decoder.start_utt()
        self._busy[stream] = decoder
        self._partials[stream] = ""

    def data(self, stream: int, payload: bytes) -> None:
        decoder = self._busy.get(stream)
        if decoder is None:
            return
        decoder.process_raw(payload)
        text = _text(decoder.hyp())
        if text != self._partials[stream]:
            self._partials[stream] = text
            self._channel.send_json(Kind.RESULT, stream, {"text": text})

    def end(self, stream: int) -> None:
        decoder = self._busy.get(stream)
        if decoder is None:
            return
        decoder.end_utt()
        best = decoder.hyp()
        text = _text(best)
        final = {
            "final": True,
            "text": text,
            "alternatives": self._alternatives(decoder, text) if text else [],
            "confidence": min(1.0, max(0.0, best.prob)) if best else None,
        }
        self._release(stream)
        self._channel.send_json(Kind.RESULT, stream, final)
        self._channel.send(Kind.DONE, stream)

    def cancel(self, stream: int) -> None:
        decoder = self._busy.get(stream)
        if decoder is not None:
            decoder.end_utt()
            self._release(stream)

    def _release(self, stream: int) -> None:
        self._idle.append(self._busy.pop(stream))
        del self._partials[stream]

    def _alternatives(self, decoder: Decoder, best: str) -> list[str]:
        try:
            readings = [_text(reading) for reading in islice(decoder.nbest(), _NBEST_SEEN)]
        except RuntimeError:  # No lattice: too short an utterance.
            return []
        others = [text for text in dict.fromkeys(readings) if text and text != best]
        return others[: self._config["alternatives"]]

    def _make(self) -> Decoder:
        return Decoder(Config(**self._config["decoder"]))


def _text(hypothesis: Any) -> str:
    return hypothesis.hypstr if hypothesis else ""


if __name__ == "__main__":
    serve(PocketSphinx)
