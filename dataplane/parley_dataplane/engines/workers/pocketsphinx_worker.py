"""PocketSphinx in its own process: 16 kHz PCM in, partial texts and one final text with its other readings out.

Rules: one decoder per utterance in progress, reused afterwards; every utterance starts from the same cepstral mean, so
that what is heard does not depend on what came before.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from pocketsphinx import Config, Decoder

from parley_dataplane.engines.workers.cepstral_mean import CepstralMean
from parley_dataplane.engines.workers.channel import Channel, RefusedError, serve
from parley_dataplane.engines.workers.frames import Kind

_NBEST_SEEN = 40
"""The lattice's paths differ mostly in fillers and pronunciations, so that many say the same."""


@dataclass
class _Utterance:
    decoder: Decoder
    mean: CepstralMean = field(default_factory=CepstralMean)
    partial: str = ""

    def start(self) -> None:
        # Forgets the noise level of the utterance before.
        self.decoder.start_stream()
        self.decoder.set_cmn(self.mean.current)
        self.decoder.start_utt()

    def hear(self, pcm: bytes) -> None:
        self.decoder.process_raw(pcm)
        frames = self.decoder.n_frames()
        if self.mean.is_due(frames):
            self.mean.move(self.decoder.get_cmn(True), frames)
            self.decoder.set_cmn(self.mean.current)


class PocketSphinx:
    """Config: {"decoder": options, "decoders": made in advance, "limit", "alternatives": at most}."""

    def __init__(self, channel: Channel, config: Any) -> None:
        self._channel = channel
        self._config = config
        self._idle = [self._make() for _ in range(config["decoders"])]
        self._utterances: dict[int, _Utterance] = {}

    def open(self, stream: int, request: Any) -> None:
        if len(self._utterances) >= self._config["limit"]:
            raise RefusedError(
                "engine-unavailable",
                f"{len(self._utterances)} people speak at once: that is the limit of this worker",
            )
        utterance = _Utterance(self._idle.pop() if self._idle else self._make())
        utterance.start()
        self._utterances[stream] = utterance

    def data(self, stream: int, payload: bytes) -> None:
        if utterance := self._utterances.get(stream):
            utterance.hear(payload)
            text = _text(utterance.decoder.hyp())
            if text != utterance.partial:
                utterance.partial = text
                self._channel.send_json(Kind.RESULT, stream, {"text": text})

    def end(self, stream: int) -> None:
        if utterance := self._utterances.get(stream):
            decoder = utterance.decoder
            decoder.end_utt()
            best = decoder.hyp()
            text = _text(best)
            final = {
                "final": True,
                "text": text,
                "alternatives": self._alternatives(decoder, text) if text else [],
                "confidence": min(1.0, max(0.0, best.prob)) if best else None,
            }
            self._idle.append(self._utterances.pop(stream).decoder)
            self._channel.send_json(Kind.RESULT, stream, final)
            self._channel.send(Kind.DONE, stream)

    def cancel(self, stream: int) -> None:
        if utterance := self._utterances.pop(stream, None):
            utterance.decoder.end_utt()
            self._idle.append(utterance.decoder)

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
