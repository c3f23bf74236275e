"""What engines do alike that take whole utterances: while a person speaks, all that was said so far is decoded again.

    audio -> every now and then: one fast decoding -> shown; what so many in a row agree on as the engine asks is stable
          -> a pause: the final decoding, ahead of the end -> likely -> the end: sent, if nothing was said since

Rules: one decoding at a time; the fast ones take at most a third of the process's time, those ahead of an end at most
half, however many people speak, so that a final text waits for one of each at most. A word that was shown as stable
stays.
"""

from __future__ import annotations

import math
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from parley_dataplane.engines.workers.agreement import Agreement
from parley_dataplane.engines.workers.channel import Channel, RefusedError
from parley_dataplane.engines.workers.frames import Kind

Samples = npt.NDArray[np.int16]

RATE = 16_000

_SHORTEST_SECS = 0.1
"""Less is no word; such models would dream one up."""

_LONGEST_SECS = 150
"""Over the longest utterance that an agent's file allows."""

_ROOM = _LONGEST_SECS * RATE
"""Samples. Memory that nothing is written to takes none."""

_FRESH_SECS = 0.12
_FRESH_SHARE = 0.15
"""So much more has to be heard before an utterance is decoded again, of its own length: people wait for their first
word, and the longer an utterance is the more a decoding costs."""

_REST = 2.0
"""For so many times as long as a decoding of an unfinished utterance took, there is no other."""

_PAUSE_SECS = 0.12
"""So long a pause, and it may be the end: shorter than the shortest silence that ends an utterance, and longer than the
closure of a p, t or k."""

_PAUSE_DROP = 0.1
"""A pause is 20 dB softer than the loudest 20 ms before it, as is a noise 12 dB under the voice: speech has peaks."""

_FADE = 0.97
"""Of the loudest 20 ms, for each 20 ms after it: a click does not make a soft voice a pause for long."""

_SPEAKS_UP = 4.0
"""6 dB over a pause is speech."""

_PAUSE_APART_SECS = 0.4
"""At least so much more has to be heard before another pause is taken for the end: syllables are apart as well."""

_WINDOW = round(0.02 * RATE)


@dataclass(frozen=True, slots=True)
class Decoded:
    """`alternatives`: other readings, best first. `confidence`: 0 to 1, or None."""

    text: str = ""
    alternatives: tuple[str, ...] = ()
    confidence: float | None = None


@dataclass
class _Utterance:
    request: Any
    agreement: Agreement
    shown: tuple[str, int] = ("", 0)
    """The text that was told last, and how much of it stays."""
    room: Samples = field(default_factory=lambda: np.zeros(_ROOM, np.int16))
    """In one place from the beginning, so that a voice leaves no copies of itself behind as it grows."""
    length: int = 0
    settled: list[str] = field(default_factory=list)
    """Of the parts that were cut off before `pcm`, the text."""
    fresh: int = 0
    """Samples of `pcm` that no fast decoding has taken in."""
    tried: int = 0
    """Length of `pcm` at its last decoding ahead."""
    ahead: Decoded | None = None
    """The final decoding of all of `pcm` up to the pause that it ends with."""
    loudest: float = 0.0
    """Mean square of the loudest 20 ms of late."""
    hush: float = math.inf
    """Mean square of the pause that was decoded ahead of: what is well over it is speech, however soft."""
    quiet: int = 0
    """Samples of the pause at the end of `pcm`."""

    @property
    def pcm(self) -> Samples:
        return self.room[: self.length]

    def take(self, samples: Samples) -> None:
        """Raises RefusedError where there is no more room."""
        end = self.length + len(samples)
        if end > len(self.room):
            raise RefusedError("engine-error", f"more than {_LONGEST_SECS} s without a pause: speak in parts")
        self.room[self.length : end] = samples
        self.length = end
        self.fresh += len(samples)

    def forget(self, many: int) -> None:
        """The first so many samples, without a trace."""
        left = self.length - many
        kept = self.room[many : self.length].copy()
        self.room[:left] = kept
        kept[:] = 0
        self.room[left : self.length] = 0
        self.length = left


class Utterances(ABC):
    """A worker's handler. `part_secs`: what is longer is decoded in parts, each ended where it is quietest."""

    def __init__(self, channel: Channel, part_secs: float = _LONGEST_SECS) -> None:
        self._channel = channel
        self._part_secs = part_secs
        self._utterances: dict[int, _Utterance] = {}
        self._rest_until = 0.0
        self._ahead_rest_until = 0.0

    @abstractmethod
    def begin(self, request: Any) -> Agreement:
        """Of an utterance. Raises RefusedError for one that can't be heard."""

    @abstractmethod
    def decode(self, samples: Samples, request: Any, final: bool, go_on: Callable[[], bool]) -> Decoded:
        """Well or fast. It may stop as soon as `go_on` says no; the text is not used then."""

    @property
    def is_idle(self) -> bool:
        """Nobody speaks."""
        return not self._utterances

    def open(self, stream: int, request: Any) -> None:
        self._utterances[stream] = _Utterance(request, self.begin(request))

    def data(self, stream: int, payload: bytes) -> None:
        utterance = self._utterances.get(stream)
        if utterance is None:
            return
        samples = np.frombuffer(payload, np.int16)
        utterance.take(samples)
        self._listen(utterance, samples)
        if utterance.length > self._part_secs * RATE:
            self._cut(stream, utterance)
        elif self._may_have_ended(utterance):
            self._decode_ahead(stream, utterance)
        elif (
            utterance.fresh >= max(_FRESH_SECS * RATE, _FRESH_SHARE * utterance.length)
            and time.monotonic() >= self._rest_until
        ):
            self._guess(stream, utterance)

    def end(self, stream: int) -> None:
        if (utterance := self._utterances.get(stream)) is None:
            return
        last = utterance.ahead or self._decode(stream, utterance, final=True)
        text, others = self._readings(utterance, last)
        final = {"final": True, "text": text, "alternatives": others, "confidence": last.confidence}
        self.cancel(stream)
        self._channel.send_json(Kind.RESULT, stream, final)
        self._channel.send(Kind.DONE, stream)

    def cancel(self, stream: int) -> None:
        if utterance := self._utterances.pop(stream, None):
            utterance.forget(utterance.length)

    def _readings(self, utterance: _Utterance, last: Decoded) -> tuple[str, list[str]]:
        """The whole utterance's text if `last` is its end, and the others."""
        readings = [_joined([*utterance.settled, text]) for text in (last.text, *last.alternatives)]
        # What was shown as stable is not taken back, unless nothing was said after all.
        best = next((one for one in readings if utterance.agreement.holds(one)), readings[0])
        text = utterance.agreement.kept_in(best) if best else ""
        is_best = text.lower() == best.lower()
        others = [
            one for one in dict.fromkeys(readings) if one and one != text and not (is_best and one == best)
        ]
        return text, others

    def _listen(self, utterance: _Utterance, samples: Samples) -> None:
        """Whether what has just come is a pause; if not, what was decoded ahead of it is not the end."""
        for start in range(0, len(samples), _WINDOW):
            window = samples[start : start + _WINDOW].astype(np.float32)
            power = float(np.mean(window**2))
            utterance.loudest = max(_FADE * utterance.loudest, power)
            if power <= min(_PAUSE_DROP**2 * utterance.loudest, _SPEAKS_UP * utterance.hush):
                utterance.quiet += len(window)
            else:
                utterance.quiet, utterance.ahead, utterance.hush = 0, None, math.inf

    def _may_have_ended(self, utterance: _Utterance) -> bool:
        is_pause = utterance.ahead is None and utterance.quiet >= _PAUSE_SECS * RATE
        is_new = utterance.length - utterance.tried >= _PAUSE_APART_SECS * RATE
        return is_pause and is_new and time.monotonic() >= self._ahead_rest_until

    def _decode_ahead(self, stream: int, utterance: _Utterance) -> None:
        began = time.monotonic()
        pause = utterance.pcm[-utterance.quiet :].astype(np.float32)
        utterance.hush = max(float(np.mean(pause**2)), 1.0)
        utterance.tried = utterance.length
        utterance.ahead = self._decode(stream, utterance, final=True)
        now = time.monotonic()
        self._ahead_rest_until = now + now - began
        text, others = self._readings(utterance, utterance.ahead)
        if text:
            self._channel.send_json(
                Kind.RESULT, stream, {"likely": True, "text": text, "alternatives": others}
            )

    def _cut(self, stream: int, utterance: _Utterance) -> None:
        """Decode all but the end for good."""
        at = _quietest(utterance.pcm)
        decoded = self._go(stream, utterance.pcm[:at], utterance.request, final=True)
        utterance.settled.append(decoded.text)
        utterance.forget(at)
        utterance.fresh, utterance.tried, utterance.ahead = utterance.length, 0, None

    def _guess(self, stream: int, utterance: _Utterance) -> None:
        """Decode what was said so far, and tell what will stay."""
        began = time.monotonic()
        utterance.fresh = 0
        text = _joined([*utterance.settled, self._decode(stream, utterance, final=False).text])
        now = time.monotonic()
        self._rest_until = now + _REST * (now - began)
        agreement = utterance.agreement
        agreement.tell(text)
        shown = agreement.with_rest(text), len(agreement.text)
        if shown != utterance.shown:
            utterance.shown = shown
            self._channel.send_json(Kind.RESULT, stream, {"text": shown[0], "stable": shown[1]})

    def _decode(self, stream: int, utterance: _Utterance, final: bool) -> Decoded:
        return self._go(stream, utterance.pcm, utterance.request, final)

    def _go(self, stream: int, samples: Samples, request: Any, final: bool) -> Decoded:
        if len(samples) < _SHORTEST_SECS * RATE:
            return Decoded()
        return self.decode(samples, request, final, lambda: not self._channel.is_cancelled(stream))


def _quietest(samples: Samples) -> int:
    """Where the quietest 100 ms of the second half are, their middle."""
    half, window = len(samples) // 2, round(0.1 * RATE)
    power = np.cumsum(samples[half:].astype(np.float64) ** 2)
    sums = power[window:] - power[:-window]
    return half + int(np.argmin(sums)) + window // 2


def _joined(parts: list[str]) -> str:
    return " ".join(filter(None, parts))
